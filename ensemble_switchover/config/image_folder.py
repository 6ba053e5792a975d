"""A folder of the user's own images, read from the names of its files: no image is opened."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ensemble_switchover.errors import ConfigError

MIN_CLASSES = 2
CLUTTER = {"thumbs.db", "desktop.ini"}
"""Files that desktops create; names that begin with a dot are left out too."""


@dataclass(frozen=True, slots=True)
class Part:
    """The files of a training set, of a test set, or of both together."""

    files: tuple[str, ...]
    """Paths relative to the root, sorted by class and name."""
    labels: tuple[int, ...]
    """The position of each file's class in `ImageFolder.class_names`."""


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """The classes and files of a folder of images."""

    class_names: tuple[str, ...]
    train: Part
    """All files where there is no folder of test images."""
    test: Part | None
    """The test images; None where they are to be split off the training images."""
    content: str
    """A hash of the relative paths and the sizes of all files."""


def read_image_folder(root: Path) -> ImageFolder:
    """List `root/train/<class>/*` and `root/test/<class>/*`, or `root/<class>/*`.

    Links to a class or to a file are followed. Deeper folders are not read, so no link can lead
    into a circle.

    Raises:
        ConfigError: naming the folder that is missing, unreadable, empty or not expected.
    """
    if not root.is_dir():
        raise ConfigError(f"dataset.root={root}: expected a folder of images, there is none")
    try:
        inside = _folders(root)
        if "train" not in inside and "test" not in inside:
            class_names, files = _classes(root, "")
            train, test = _part(files, class_names), None
        else:
            for part in ("train", "test"):
                if part not in inside:
                    raise ConfigError(
                        f"dataset.root={root}: has no folder {part}; expected train and test, or "
                        f"one folder a class and neither of them"
                    )
            class_names, files = _classes(root, "train")
            test_names, test_files = _classes(root, "test")
            _check_same(root, class_names, test_names)
            train, test = _part(files, class_names), _part(test_files, class_names)
        content = _digest(root, train, test)
    except OSError as error:
        raise ConfigError(
            f"dataset.root={root}: {error.filename or root} cannot be read ({error.strerror})"
        ) from error
    return ImageFolder(class_names, train, test, content)


def num_test_images(num_images: int, num_classes: int, share: float) -> int:
    """Return how many images are split off for testing, at least one of every class.

    >>> num_test_images(100, 3, 0.2), num_test_images(6, 3, 0.1)
    (20, 3)
    """
    return max(num_classes, round(num_images * share))


def _names(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        kept = [
            entry
            for entry in entries
            if not entry.name.startswith(".") and entry.name.lower() not in CLUTTER
        ]
    return sorted(kept, key=lambda entry: entry.name)


def _folders(folder: Path) -> list[str]:
    return [entry.name for entry in _names(folder) if entry.is_dir()]


def _classes(root: Path, part: str) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """Return the names of the classes and the files of each."""
    parent = root / part
    names = _folders(parent)
    if len(names) < MIN_CLASSES:
        raise ConfigError(
            f"dataset.root={root}: expected {MIN_CLASSES} folders or more in {parent}, one a "
            f"class; found {len(names)}"
        )
    files = {
        name: [str(Path(part, name, entry.name)) for entry in _names(parent / name)]
        for name in names
    }
    least, wanted = (1, "an image") if part else (2, "two images, one of them to test on")
    problems = [
        f"dataset.root={root}: class {name} has {len(own)} files in {parent / name}; expected at "
        f"least {wanted}"
        for name, own in files.items()
        if len(own) < least
    ]
    if problems:
        raise ConfigError(*problems)
    return tuple(names), files


def _part(files: dict[str, list[str]], class_names: tuple[str, ...]) -> Part:
    pairs = [(file, label) for label, name in enumerate(class_names) for file in files[name]]
    return Part(tuple(file for file, _ in pairs), tuple(label for _, label in pairs))


def _check_same(root: Path, train: tuple[str, ...], test: tuple[str, ...]) -> None:
    for part, lacked in (("train", set(test) - set(train)), ("test", set(train) - set(test))):
        if lacked:
            raise ConfigError(
                f"dataset.root={root}: expected the same classes in train and test; {part} lacks "
                f"{', '.join(sorted(lacked))}"
            )


def _digest(root: Path, train: Part, test: Part | None) -> str:
    digest = hashlib.sha256()
    for file in (*train.files, *(test.files if test else ())):
        size = status.st_size if (status := status_of(root / file)) else -1
        fact = f"{Path(file).as_posix()}\0{size}\n"
        digest.update(fact.encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def status_of(path: Path) -> os.stat_result | None:
    """Return the status of a file, or None for a link that leads nowhere."""
    try:
        return path.stat()
    except OSError:
        return None
