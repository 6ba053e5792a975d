"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


TEMPORARY_PREFIX = ".writing-"
"""How the names of folders begin in which something is written before it gets its own."""


def user_cache(name: str) -> Path:
    """Return a folder of the project in the user's cache."""
    return user_cache_path("ensemble_switchover") / name


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name to write a file under, which takes its own when it is whole.

    The name is no other's, so several processes, of any host, may write the file; the last stays.

    Raises:
        OSError: if it cannot be written; what was under its own name stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_flushed_file(path: Path, content: bytes) -> None:
    """Write a file that outlives a loss of power, for a process that is alone to write it.

    A part that a killed process left is written over by the next one.

    Raises:
        OSError: if it cannot be written; what was under its name stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
