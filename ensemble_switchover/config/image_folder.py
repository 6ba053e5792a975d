"""A folder of the user's own images, read from the names of its files: no image is opened."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.config.folder_layout import (
    find_layout,
    give_training,
    key_of,
    named,
    option_of,
    refuse_broken,
)
from ensemble_switchover.config.folder_listing import list_folder
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import is_text, on_one_line
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from ensemble_switchover.config.folder_listing import Listing

MIN_CLASSES = 2
REPLACED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Part:
    """The files of a training set, of a test set, or of both together."""

    files: tuple[str, ...]
    """Paths relative to the root, sorted by class and name."""
    labels: tuple[int, ...]
    """The position of each file's class in `ImageFolder.class_names`."""

    def without(self, left_out: Container[str]) -> Part:
        """Return the part without some of its files."""
        pairs = zip(self.files, self.labels, strict=True)
        kept = [(file, label) for file, label in pairs if file not in left_out]
        return Part(tuple(file for file, _ in kept), tuple(label for _, label in kept))

    def counts(self, num_classes: int) -> list[int]:
        """Return the number of files of every class."""
        counts = [0] * num_classes
        for label in self.labels:
            counts[label] += 1
        return counts


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """The classes and files of a folder of images."""

    class_names: tuple[str, ...]
    train: Part
    """All files where there is no folder of test images."""
    test: Part | None
    """The test images; None where they are to be split off the training images."""
    inner_folders: tuple[str, ...] = ()
    """Folders inside classes, relative to the root; they are not read."""
    remarks: tuple[str, ...] = ()
    """How the folder was read, where the user may not expect it."""

    @property
    def files(self) -> tuple[str, ...]:
        """All files, those of the training images first."""
        return (*self.train.files, *(self.test.files if self.test else ()))

    def without(self, left_out: Container[str]) -> ImageFolder:
        """Return the folder without some of its files."""
        test = None if self.test is None else self.test.without(left_out)
        return replace(self, train=self.train.without(left_out), test=test)


@dataclass(slots=True)
class _Class:
    """One class in one part; two folders whose names are forms of one Unicode text are one."""

    folders: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    inner_folders: list[str] = field(default_factory=list)


def read_image_folder(root: Path) -> ImageFolder:
    """List `root/train/<class>/*` and `root/test/<class>/*`, or `root/<class>/*`.

    Links to a class or to a file are followed. Deeper folders are not read, so no link can lead
    into a circle.

    Raises:
        ConfigError: naming the folder that is missing, unreadable, or not expected.
    """
    try:
        layout = find_layout(root)
        train = _classes(root, layout.train)
        test = None if layout.test is None else _classes(root, layout.test)
        if test is not None:
            _check_same(root, layout.train, train, layout.test or "", test)
        keys = _ordered(train, test or {})
    except OSError as error:
        raise ConfigError(
            f"{key_of(root)}: {on_one_line(error.filename or root)} cannot be read "
            f"({error.strerror})"
        ) from error
    return ImageFolder(
        tuple(keys.values()),
        _part(train, keys),
        None if test is None else _part(test, keys),
        tuple(
            folder
            for classes in (train, test or {})
            for entry in classes.values()
            for folder in entry.inner_folders
        ),
        (*layout.remarks, *_alike(keys.values())),
    )


def num_test_images(num_images: int, num_classes: int, share: float) -> int:
    """Return how many images are split off for testing, at least one of every class.

    >>> num_test_images(100, 3, 0.2), num_test_images(6, 3, 0.1)
    (20, 3)
    """
    return max(num_classes, round(num_images * share))


def _classes(root: Path, part: str) -> dict[str, _Class]:
    """Return the classes of a part by their names in Unicode's composed form."""
    parent = root / part
    listing = list_folder(parent)
    refuse_broken(root, parent, listing.broken)
    if len(listing.folders) < MIN_CLASSES:
        raise ConfigError(
            f"{key_of(root)}: expected {MIN_CLASSES} folders or more in {on_one_line(parent)}, "
            f"one a class; found {len(listing.folders)}{_where_else(parent, listing)}"
        )
    classes: dict[str, _Class] = {}
    for name in listing.folders:
        if not is_text(name):
            _refuse_bytes(root, parent / name)
        entry = classes.setdefault(unicodedata.normalize("NFC", name), _Class())
        inside = list_folder(parent / name)
        if not inside.files and not inside.broken and inside.folders:
            _refuse_deeper(root, part, parent / name, inside.folders)
        entry.folders.append(name)
        below = f"{Path(part, name)}{os.sep}"
        entry.files += [below + file for file in (*inside.files, *inside.broken)]
        entry.inner_folders += [str(Path(part, name, folder)) for folder in inside.folders]
    for entry in classes.values():
        entry.files.sort()
    if len(classes) < MIN_CLASSES:
        raise ConfigError(
            f"{key_of(root)}: expected {MIN_CLASSES} classes or more in {on_one_line(parent)}; "
            f"its folders are two Unicode forms of one name, {next(iter(classes))}"
        )
    return classes


def _where_else(parent: Path, listing: Listing) -> str:
    """Say where images are instead: in the part itself, or in its only folder."""
    if not listing.folders and listing.files:
        return f", and {count(len(listing.files), 'file')} of no class"
    if len(listing.folders) == 1:
        inner = parent / listing.folders[0]
        if len(list_folder(inner).folders) >= MIN_CLASSES:
            return f"; move the folders in {on_one_line(inner)} there"
    return ""


def _refuse_bytes(root: Path, path: Path) -> None:
    new = os.fsencode(path.name).decode("cp1252", errors="replace")  # as in western Windows
    new = "".join(c if c.isprintable() and c != REPLACED else "_" for c in new)
    raise ConfigError(
        f"{key_of(root)}: the class {on_one_line(path.name)} has a name that is not UTF-8, which "
        f"no record could hold; rename its folder, for example: mv {shell_path(path)} "
        f"{shell_path(path.with_name(new))}"
    )


def _refuse_deeper(root: Path, part: str, path: Path, folders: list[str]) -> None:
    """Refuse a folder of a class that holds no image, but folders."""
    give = "" if part else f", or give {option_of(path)} if these are the classes"
    raise ConfigError(
        f"{key_of(root)}: the class {on_one_line(path.name)} holds no images but folders "
        f"({named(folders)}); expected the images directly in {on_one_line(path)}: move them "
        f"there{give}"
    )


def _ordered(train: dict[str, _Class], test: dict[str, _Class]) -> dict[str, str]:
    """Return the names of the classes by their composed form, in the order of their labels.

    A class is called as its folders are; where these differ in their form, by the composed one.
    """
    names = {}
    for key in train:
        folders = {*train[key].folders, *(test[key].folders if key in test else ())}
        names[key] = folders.pop() if len(folders) == 1 else key
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


def _part(classes: dict[str, _Class], keys: dict[str, str]) -> Part:
    pairs = [(file, label) for label, key in enumerate(keys) for file in classes[key].files]
    return Part(tuple(file for file, _ in pairs), tuple(label for _, label in pairs))


def _check_same(
    root: Path, train: str, of_train: dict[str, _Class], test: str, of_test: dict[str, _Class]
) -> None:
    """Refuse classes that one part lacks; those that differ in case alone are said to do so."""
    for part, lacked, there in (
        (train, sorted(set(of_test) - set(of_train)), of_train),
        (test, sorted(set(of_train) - set(of_test)), of_test),
    ):
        if not lacked:
            continue
        other = test if part == train else train
        spelled = {_folded(name): name for name in there}
        alike = [
            f"{other} has {name} where {part} has {spelled[_folded(name)]}: give both one name"
            for name in lacked
            if _folded(name) in spelled
        ]
        cure = f"; {alike[0]}" if alike else ""
        if part == test and not alike:
            cure = f"; add images of each there{give_training(root, train)}"
        raise ConfigError(
            f"{key_of(root)}: expected the same classes in {train} and {test}; {part} lacks "
            f"{named(lacked)}{cure}"
        )


def _alike(names: Iterable[str]) -> list[str]:
    """Remark on classes whose names differ in case or in spaces at their ends alone."""
    spelled: dict[str, list[str]] = {}
    for name in names:
        spelled.setdefault(_folded(name), []).append(name)
    return [
        f"{named(alike)} are classes of their own, although their names differ in upper and lower "
        f"case or spaces alone"
        for alike in spelled.values()
        if len(alike) > 1
    ]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()
