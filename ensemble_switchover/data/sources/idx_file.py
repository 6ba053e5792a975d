"""Read the idx format of MNIST and its successors: a header with the sizes, and unsigned bytes.

The format is described at the end of MNIST's page (LeCun, Cortes & Burges): two zero bytes, the
type of the values, the number of dimensions, and each size as four bytes, the highest first.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ensemble_switchover.errors import DataError, first_line
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.system_errors import sentence_of

if TYPE_CHECKING:
    from pathlib import Path

UNSIGNED_BYTE = 0x08
"""The type of the values of images and labels."""
GZIP_START = b"\x1f\x8b"
SIZE_BYTES = 4
"""The length of one size in the header."""
REPLACE = "put the published file in its place"
"""What to do about a file that holds something else."""


@dataclass(frozen=True, slots=True)
class IdxContent:
    """What an idx file holds."""

    values: np.ndarray
    """`uint8`, of the shape that its header gives."""
    md5: str
    """The MD5 of the unpacked file, header and values, in hexadecimal."""


def read_idx(path: Path, shape: tuple[int, ...]) -> IdxContent:
    """Read an idx file of known shape, packed by gzip or plain, whichever its first bytes say.

    No more is read than the header, the values and one byte, so that a file that unpacks to more
    than it should is refused before it fills the memory.

    Args:
        path: The file; one whose name ends in `.gz` must be packed.
        shape: The expected size of each dimension, the number of images or labels first.

    Raises:
        DataError: if the file cannot be read, is damaged, shorter or longer than its header says,
            or of another type or shape.
    """
    name = on_one_line(path)
    try:
        with path.open("rb") as file:
            packed = file.read(len(GZIP_START)) == GZIP_START
            file.seek(0)
            if not packed:
                _require_plain_name(path)
                return _read(file, shape, name)
            if path.suffix != ".gz":
                raise DataError(f"{name}: is packed by gzip; expected {path.name}.gz as its name")
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _read(unpacked, shape, name)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise DataError(f"{name} cannot be read ({sentence_of(error)})") from error
        raise DataError(
            f"{name}: expected a whole gzip file, it is cut short or damaged "
            f"({first_line(error)}); {REPLACE}"
        ) from error


def _require_plain_name(path: Path) -> None:
    if path.suffix == ".gz":
        raise DataError(
            f"{on_one_line(path)}: expected a gzip file, its first bytes are not those of one; "
            f"{REPLACE}, or name it {path.stem} if it is unpacked"
        )


def _read(stream: BinaryIO | gzip.GzipFile, shape: tuple[int, ...], name: str) -> IdxContent:
    header = stream.read(SIZE_BYTES * (1 + len(shape)))
    _check_header(header, shape, name)
    size = math.prod(shape)
    content = stream.read(size + 1)
    if len(content) != size:
        came = f"it ends after {len(content):,}" if len(content) < size else "more follow"
        raise DataError(f"{name}: expected {size:,} bytes after its header, {came}; {REPLACE}")
    digest = hashlib.md5(header, usedforsecurity=False)
    digest.update(content)
    values = np.frombuffer(content, np.uint8).reshape(shape).copy()
    return IdxContent(values, digest.hexdigest())


def _check_header(header: bytes, shape: tuple[int, ...], name: str) -> None:
    """Compare a header with the expected type and shape.

    Raises:
        DataError: naming what was expected and what came.
    """
    start = bytes([0, 0, UNSIGNED_BYTE, len(shape)])
    if header[:SIZE_BYTES] != start:
        raise DataError(
            f"{name}: expected {shape[0]:,} {_kind(len(shape))} in idx format, whose file begins "
            f"with {start.hex(' ')}, it {_beginning(header[:SIZE_BYTES])}; {REPLACE}"
        )
    if len(header) != SIZE_BYTES * (1 + len(shape)):
        raise DataError(
            f"{name}: expected a header of {SIZE_BYTES * (1 + len(shape))} bytes, it ends after "
            f"{len(header)}; {REPLACE}"
        )
    found = tuple(int(size) for size in np.frombuffer(header, ">u4", offset=SIZE_BYTES))
    if found != shape:
        raise DataError(
            f"{name}: expected {_described(shape)}, it has {_described(found)}; {REPLACE}"
        )


def _beginning(found: bytes) -> str:
    """Say how a file begins, and what that means where it is known."""
    if not found:
        return "is empty"
    means = ""
    if found[:3] == bytes([0, 0, UNSIGNED_BYTE]) and len(found) == SIZE_BYTES:
        means = f", as one of {_kind(found[3])} does"
    return f"begins with {found.hex(' ')}{means}"


def _kind(dimensions: int) -> str:
    return {1: "labels", 3: "images"}.get(dimensions, f"arrays of {dimensions} dimensions")


def _described(shape: tuple[int, ...]) -> str:
    """Describe the shape of labels or images.

    >>> _described((10000, 28, 28)), _described((10000,))
    ('10,000 images of 28x28 pixels', '10,000 labels')
    """
    sides = f" of {'x'.join(str(side) for side in shape[1:])} pixels" if len(shape) > 1 else ""
    return f"{shape[0]:,} {_kind(len(shape))}{sides}"
