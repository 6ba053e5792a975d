"""Files among the user's images that are none, by their first bytes; no image is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.config.file_kinds import HEAD_BYTES, file_kind, is_no_image
from ensemble_switchover.machine.file_digests import (
    ABSENT_DIGEST,
    folder_digest,
    read_json_object,
    write_json_object,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def foreign_files(root: Path, digests: Mapping[str, str], memory: Path) -> dict[str, str]:
    """Return the files that are surely no images, and what they are; each content is read once.

    Args:
        root: The folder of the files.
        digests: The hash of the content of every file, by its path below the root.
        memory: The folder in which it is kept what the contents are; if it cannot be written, the
            next call reads the beginnings of all files again.
    """
    path = memory / f"kinds-{folder_digest(root)}.json"
    known = {
        digest: kind for digest, kind in read_json_object(path).items() if isinstance(kind, str)
    }
    kinds = {
        digest: known[digest] if digest in known else kind_of_file(root / file) or ""
        for file, digest in digests.items()
        if digest != ABSENT_DIGEST
    }
    if kinds != known:
        write_json_object(path, kinds)
    return {
        file: kinds[digest] for file, digest in digests.items() if is_no_image(kinds.get(digest))
    }


def kind_of_file(path: Path) -> str | None:
    """Return what a file is by its first bytes; None if that is unknown, or it cannot be read.

    A pipe or a device is not opened, since that may wait for ever.
    """
    try:
        if not path.is_file():
            return None
        with path.open("rb", buffering=0) as file:
            return file_kind(file.read(HEAD_BYTES))
    except OSError:
        return None
