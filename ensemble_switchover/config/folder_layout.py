"""Which folders of a folder of images hold the training and the test images."""

from __future__ import annotations

import tarfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.folder_listing import list_folder
from ensemble_switchover.config.quoting import shell_override
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.folder_listing import Listing

PART_NAMES = {
    "training": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("val", "valid", "validation"),
}
"""What the folder of each part is called, in any case, alone or with the same words around it."""
EXPECTED = "expected train and test, or one folder a class and neither of them"
MAX_NESTING = 4
"""The number of folders, each the only one in the other, in which images are looked for."""
MAX_NAMED_FOLDERS = 5
TINY_IMAGENET_MARKS = ("wnids.txt", "val/val_annotations.txt")
TINY_IMAGENET_ARCHIVE = "tiny-imagenet-200.zip"
_PART_WORDS = sorted(
    ((part, word) for part, words in PART_NAMES.items() for word in words),
    key=lambda pair: -len(pair[1]),
)
"""Every name of a part, the longest first, since some begin with others."""
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst")


@dataclass(frozen=True, slots=True)
class FolderLayout:
    """Where the folders of the classes lie below the root."""

    train: str
    """The folder of the training classes; empty for the root itself."""
    test: str | None
    """The folder of the test classes; None where test images are split off."""
    remarks: tuple[str, ...] = ()
    """How the folders were read, where the user may not expect it."""


def find_layout(root: Path) -> FolderLayout:
    """Find the folders of training and test images by their names, in any case.

    Where there is no folder of test images, that of validation images takes its place. Two folders
    that differ in the word of the part alone, such as `seg_train` and `seg_test`, are parts too.

    Raises:
        ConfigError: if there is no such folder, or several for one part, or images lie elsewhere.
        OSError: if the root cannot be read.
    """
    _refuse_other_files(root)
    listing = list_folder(root)
    parts = _parts(listing.folders)
    every_name = {name for names in PART_NAMES.values() for name in names}
    refuse_broken(root, root, [name for name in listing.broken if name.lower() in every_name])
    if not any(parts.values()):
        refuse_broken(root, root, listing.broken)
        _refuse_nested(root, listing)
        return FolderLayout("", None, _beside_classes(listing.files))
    tested = "test" if parts["test"] else "validation"
    for part, missing in (("training", "train"), (tested, "test")):
        if not parts[part]:
            others = [name for names in parts.values() for name in names]
            give = "" if missing == "train" else give_training(root, parts["training"][0])
            raise ConfigError(
                f"{key_of(root)}: has no folder {missing}; {EXPECTED}: if {named(others)} is a "
                f"class, give it another name{give}"
            )
        if len(parts[part]) > 1:
            raise ConfigError(
                f"{key_of(root)}: has the folders {named(parts[part])}, all of them names of "
                f"{part} images; expected one of them"
            )
    train, test = parts["training"][0], parts[tested][0]
    if tested == "test":
        _refuse_unlabelled(root, train, test, parts["validation"])
    remarks = []
    if test.strip().lower() not in PART_NAMES["test"]:
        remarks.append(f"the images in {on_one_line(test)} are used as the test images")
    unused = [name for name in listing.folders if name not in (train, test)]
    if unused:
        beside = f"{on_one_line(train)} and {on_one_line(test)}"
        remarks.append(f"not used: {named(unused)}, beside {beside}")
    return FolderLayout(train, test, tuple(remarks))


def _parts(names: list[str]) -> dict[str, list[str]]:
    """Return the folders of each part; none of any, where the folders are classes.

    >>> _parts(["seg_pred", "seg_test", "seg_train"])
    {'training': ['seg_train'], 'test': ['seg_test'], 'validation': []}
    >>> _parts(["test tube", "train station"])
    {'training': [], 'test': [], 'validation': []}
    """
    by_words: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name in names:
        for part, word in _PART_WORDS:
            before, found, after = name.strip().lower().partition(word)
            if found:
                of_parts = by_words.setdefault((before, after), {key: [] for key in PART_NAMES})
                of_parts[part].append(name)
                break
    plain = by_words.pop(("", ""), {key: [] for key in PART_NAMES})
    split = [of for of in by_words.values() if of["training"] and (of["test"] or of["validation"])]
    if any(plain.values()) or not split:
        return plain
    return {part: [name for of_parts in split for name in of_parts[part]] for part in plain}


def _beside_classes(files: list[str]) -> tuple[str, ...]:
    """Remark on images that lie beside the folders of the classes."""
    images = [name for name in files if name.lower().endswith(IMAGE_ENDINGS)]
    if not images:
        return ()
    return (f"not used: {count(len(images), 'image')} beside the folders of the classes",)


def give_training(root: Path, train: str) -> str:
    """Return the words that advise to split the training images, if they are in classes."""
    if not list_folder(root / train).folders:
        return ""
    return f"; or give {option_of(root / train)}, of which test images are split off"


def _refuse_unlabelled(root: Path, train: str, test: str, validation: list[str]) -> None:
    """Refuse test images that lie in no class, as those of competitions do.

    Raises:
        ConfigError: saying what can be tested on instead.
        OSError: if a folder cannot be read.
    """
    listing = list_folder(root / test)
    give = give_training(root, train)
    if listing.folders or not listing.files or not give:
        return
    instead = ""
    if validation:
        instead = f"; or move it out of this folder, and {on_one_line(validation[0])} is tested on"
    raise ConfigError(
        f"{key_of(root)}: {on_one_line(test)} has {count(len(listing.files), 'file')} of no class, "
        f"which cannot be tested on; expected one folder a class{instead}{give}"
    )


def refuse_broken(root: Path, parent: Path, names: list[str]) -> None:
    """Refuse links that lead nowhere where the folder of a class or a part should be.

    Raises:
        ConfigError: naming the first link, and where it leads.
    """
    for name in names:
        path = parent / name
        raise ConfigError(
            f"{key_of(root)}: {on_one_line(path)} is a link to {on_one_line(path.readlink())}, "
            f"which is not there; expected the folder of a class: mend the link"
        )


def key_of(root: Path) -> str:
    """Return the key and value by which the user gave the root."""
    return f"dataset.root={on_one_line(root)}"


def option_of(root: Path) -> str:
    """Return the override that gives another root, quoted for a shell."""
    return shell_override("dataset.root", str(root))


def named(names: list[str]) -> str:
    """List names for a sentence, the first of many.

    >>> named(["a", "b"]), named(list("abcdefg"))
    ('a and b', 'a, b, c, d, e and 2 more')
    """
    shown = [on_one_line(name) for name in names[:MAX_NAMED_FOLDERS]]
    more = len(names) - len(shown)
    last = f"{more} more" if more else shown.pop()
    return f"{', '.join(shown)} and {last}" if shown else last


def _refuse_other_files(root: Path) -> None:
    """Refuse what is no folder of class folders, and say what it is."""
    if root.is_file():
        if not _is_archive(root):
            raise ConfigError(f"{key_of(root)}: expected a folder of images, it is a file")
        _refuse_archive(root, root)
    if not root.is_dir():
        raise ConfigError(f"{key_of(root)}: expected a folder of images, there is none")
    list_folder(root)  # the error of one that cannot be read names it, and not a file in it
    if any((root / mark).is_file() for mark in TINY_IMAGENET_MARKS):
        where = root.absolute().parent
        raise ConfigError(
            f"{key_of(root)}: is the unpacked Tiny ImageNet, which is read from its archive; give "
            f"dataset=tiny_imagenet {option_of(where)}, the folder of {TINY_IMAGENET_ARCHIVE}, "
            f"where it is downloaded if it is not there"
        )


def _refuse_archive(root: Path, archive: Path) -> None:
    folder = archive.with_name(archive.name.partition(".")[0] or "images")
    how = ""
    if archive.name.lower().endswith(".zip") or zipfile.is_zipfile(archive):
        how = f" (unzip {shell_path(archive)} -d {shell_path(folder)})"
    elif tarfile.is_tarfile(archive):
        made = shell_path(folder)
        how = f" (mkdir {made} && tar -xf {shell_path(archive)} -C {made})"
    raise ConfigError(
        f"{key_of(root)}: expected a folder of images, {on_one_line(archive.name)} is an "
        f"archive; unpack it{how} and give {option_of(folder)}"
    )


def _is_archive(path: Path) -> bool:
    if path.name.lower().endswith(ARCHIVE_ENDINGS):
        return True
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def _refuse_nested(root: Path, listing: Listing) -> None:
    """Refuse a root whose images lie deeper, or directly in it, and name the path to give.

    Raises:
        ConfigError: naming that path, or the archive that was not unpacked.
        OSError: if a folder in it cannot be read.
    """
    archives = [name for name in listing.files if name.lower().endswith(ARCHIVE_ENDINGS)]
    if not listing.folders and archives:
        _refuse_archive(root, root / archives[0])
    inner, folders = root, listing.folders
    for _ in range(MAX_NESTING):
        if len(folders) != 1:
            break
        inner /= folders[0]
        folders = list_folder(inner).folders
    if inner != root and len(folders) > 1:
        raise ConfigError(
            f"{key_of(root)}: holds one folder alone, and the folders of the classes lie deeper; "
            f"give {option_of(inner)}"
        )
