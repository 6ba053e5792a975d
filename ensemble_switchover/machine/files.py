"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


TEMPORARY_PREFIX = ".writing-"
"""The names of folders begin with it while their contents are being written."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path, and move the file to its own path at the end of the block.

    The temporary name is unique, so processes of any host may write the same file at once; the
    last one wins.

    Raises:
        OSError: if the file cannot be written; a former file of that path stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_flushed_file(path: Path, content: bytes) -> None:
    """Write a file that survives a loss of power; only one process may write it at a time.

    The next call overwrites the part that a killed process left.

    Raises:
        OSError: if the file cannot be written; a former file of that path stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
