"""The files of a folder that a run uses: all of them, or those that can be read as images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.dataset_folders import array_cache_folder
from ensemble_switchover.config.file_kinds import count_kinds, refusal
from ensemble_switchover.config.folder_layout import key_of
from ensemble_switchover.config.foreign_files import foreign_files
from ensemble_switchover.config.image_folder import ImageFolder, read_image_folder
from ensemble_switchover.config.reading_once import read_once
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.file_digests import digests_of_files
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import FolderConfig
    from ensemble_switchover.config.image_file import UnreadableImageError

MAX_NAMED_FILES = 3
"""The number of files that a remark names."""


@dataclass(frozen=True, slots=True)
class UsableImages:
    """The files of a folder that a run uses."""

    folder: ImageFolder
    """The folder without what is left out."""
    digests: dict[str, str]
    """The hash of the content of every used file, by its path below the root."""
    remarks: tuple[str, ...]
    """What was left out, and how the folder was read."""


def usable_images(dataset: FolderConfig, root: Path) -> UsableImages:
    """List the files of a folder that a run uses.

    With `dataset.skip_bad`, each new content is read once to know whether it is an image.

    Raises:
        ConfigError: if the folder is not laid out as expected, if a file is no image by its first
            bytes and `skip_bad` is off, or if an image does not fit into the memory.
    """
    channels = dataset.channels if dataset.skip_bad else None
    decided_by = ("usable images", root, dataset.cache, dataset.skip_bad, channels)
    return read_once(decided_by, lambda: _usable_images(dataset, root))


def _usable_images(dataset: FolderConfig, root: Path) -> UsableImages:
    found, memory = read_image_folder(root), array_cache_folder(dataset)
    remarks = list(found.remarks)
    if found.inner_folders:
        if not dataset.skip_bad:
            raise ConfigError(
                f"{key_of(root)}: {_first(found.inner_folders)}: no folder inside a class is read; "
                f"move the images up into the class, or set dataset.skip_bad=true to leave such "
                f"folders out"
            )
        number = count(len(found.inner_folders), "folder")
        remarks.append(f"{number} inside classes left out: {_first(found.inner_folders)}")
    digests = digests_of_files(root, found.files, memory)
    if not dataset.skip_bad:
        foreign = foreign_files(root, digests, memory)
        if foreign:
            file, kind = next(iter(foreign.items()))
            path = on_one_line(root / file)
            raise ConfigError(refusal(path, f"{kind} by its content", list(foreign.values())))
    elif dataset.channels in (1, 3):
        from ensemble_switchover.config.image_file import unreadable_images

        try:
            unreadable = unreadable_images(root, digests, dataset.channels, memory)
        except MemoryError as error:
            raise ConfigError(
                f"{key_of(root)}: an image does not fit into the memory of this machine"
            ) from error
        if unreadable:
            remarks.append(_left_out(unreadable))
            found = found.without(unreadable)
            digests = {file: digests[file] for file in found.files}
    return UsableImages(found, digests, tuple(remarks))


def _left_out(unreadable: dict[str, UnreadableImageError]) -> str:
    files = "1 file was" if len(unreadable) == 1 else f"{len(unreadable)} files were"
    kinds = count_kinds(error.kind for error in unreadable.values())
    return (
        f"{files} left out because no image could be read: {_first(list(unreadable))}"
        f"{f' ({kinds})' if kinds else ''}"
    )


def _first(files: Sequence[str]) -> str:
    more = ", ..." if len(files) > MAX_NAMED_FILES else ""
    return f"{', '.join(map(on_one_line, files[:MAX_NAMED_FILES]))}{more}"
