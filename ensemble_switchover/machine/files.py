"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPORARY_PREFIX = ".writing-"
"""The names of files and folders begin with it while their contents are being written."""
MAX_LINKS = 40
"""Symbolic links that are followed one after another, as by Linux."""


def write_file(path: Path, content: bytes, *, flush: bool = False) -> None:
    """Write a file whole or not at all; its folder is made.

    The temporary name is unique, so processes of any host may write the same file at once; the
    last one wins. A symbolic link stays, and the file that it leads to is written. What is no file,
    such as a pipe or `/dev/stdout`, is written through.

    Args:
        path: The file.
        content: What is in it afterwards.
        flush: Let it survive a loss of power.

    Raises:
        OSError: if the file cannot be written, with its path; a former file stays.
    """
    with _told_of(path):
        if descriptor_of(path) is not None or not _may_be_replaced(path):
            _write_through(path, content)
            return
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        # what a link leads to may not be there yet
        Path(os.path.realpath(target.parent)).mkdir(parents=True, exist_ok=True)
        _write_beside(target, target.with_name(_unique_name()), content, flush=flush)


def write_flushed_file(path: Path, content: bytes) -> None:
    """Write a file that survives a loss of power; only one process may write it at a time.

    The next call overwrites the part that a killed process left.

    Raises:
        OSError: if the file cannot be written, with its path; a former file stays.
    """
    with _told_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_beside(path, path.with_suffix(".part"), content, flush=True)


def make_temporary_folder(parent: Path) -> Path:
    """Make a folder of a unique name, with the rights and the group that others get in `parent`.

    Raises:
        OSError: if it cannot be made.
    """
    folder = parent / _unique_name()
    folder.mkdir()
    return folder


def descriptor_of(path: Path) -> int | None:
    """Return the open file of this process that a path such as `/dev/stdout` names, if it does."""
    for _ in range(MAX_LINKS):
        own = ("/dev/fd", "/proc/self/fd", f"/proc/{os.getpid()}/fd", "/proc/thread-self/fd")
        if str(path.parent) in own and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


@contextmanager
def names_path(path: Path) -> Iterator[None]:
    """Let an error within a `with` name this path, if it names none: as those of writing do."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def _unique_name() -> str:
    return f"{TEMPORARY_PREFIX}{uuid4().hex}"


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Name the file in an error, which names none or a temporary one."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _may_be_replaced(path: Path) -> bool:
    """Return whether a path leads to a file, or to nothing yet."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


def _write_through(path: Path, content: bytes) -> None:
    number = descriptor_of(path)
    if number is None:
        with path.open("wb") as file:
            file.write(content)
        return
    # a reader such as head may have read enough
    with suppress(BrokenPipeError), os.fdopen(os.dup(number), "wb") as file:
        file.write(content)


def _write_beside(path: Path, temporary: Path, content: bytes, *, flush: bool) -> None:
    try:
        with temporary.open("wb") as file:
            file.write(content)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        with suppress(OSError):  # a file that is there keeps its rights
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
