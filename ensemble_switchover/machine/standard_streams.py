"""Standard output and standard error, whose loss ends the printing and nothing else."""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stdout, suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import ReadableBuffer

STANDARD_DESCRIPTORS = (0, 1, 2)
"""Of input, output and error."""


class LastingOutput(io.FileIO):
    """A descriptor that never refuses: what cannot be written is dropped.

    The reader of a pipe may have left, the disk of a log may be full, the terminal may be closed.
    """

    lost: OSError | None = None
    """Why something was dropped last."""

    def write(self, content: ReadableBuffer) -> int:
        """Write bytes, or drop them."""
        try:
            while (written := super().write(content)) is None:  # others made it non-blocking
                select.select([], [self], [])
        except OSError as error:
            self.lost = error
            return memoryview(content).nbytes
        return written


def secure_standard_streams() -> None:
    """Let no later loss of output or error output raise; open what was closed at the start.

    Otherwise a file that is opened later would get the number of a closed one, and what is printed.
    Lines are written at once, also into a pipe. Streams that another program put in place, such as
    those of a notebook, stay.
    """
    for number in STANDARD_DESCRIPTORS:
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free number
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - for good
    for name, number in (("stdout", 1), ("stderr", 2)):
        original = getattr(sys, f"__{name}__")
        if getattr(sys, name) is original:
            secured = _secured(original, number)
            setattr(sys, name, secured)
            setattr(sys, f"__{name}__", secured)


def lost_output() -> OSError | None:
    """Return why lines of standard output were lost, unless its reader has left."""
    raw = _raw_of(sys.stdout)
    if not isinstance(raw, LastingOutput):
        return None
    sys.stdout.flush()
    if raw.lost is None or isinstance(raw.lost, BrokenPipeError):
        return None
    raw.lost.filename = "standard output"
    return raw.lost


def prints_beside(out: Path) -> AbstractContextManager[object]:
    """Print to standard error within a `with`, if a file is written to standard output."""
    with suppress(OSError):
        if os.path.samestat(out.stat(), os.fstat(1)):
            return redirect_stdout(sys.stderr)
    return nullcontext()


def _secured(stream: TextIO | None, number: int) -> TextIO:
    if stream is None:  # was closed at the start; by now its number may be that of another file
        raw = LastingOutput(os.open(os.devnull, os.O_WRONLY), "w")
        return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="replace")
    if not isinstance(stream, io.TextIOWrapper) or isinstance(_raw_of(stream), LastingOutput):
        return stream
    with suppress(OSError):
        stream.flush()
    raw = LastingOutput(number, "w", closefd=False)
    return io.TextIOWrapper(
        raw if stream.write_through else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=True,
        write_through=stream.write_through,
    )


def _raw_of(stream: TextIO | None) -> object:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)
