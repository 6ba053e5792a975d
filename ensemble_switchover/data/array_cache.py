"""Decoded data sets on disk: made once, mapped into memory by every process that uses them.

A set is a folder of `.npy` files and a manifest. It is written beside its place and renamed
there, so that a half-written set is never taken for a whole one.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import shutil
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, fields
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

import numpy as np
from filelock import FileLock, Timeout

from ensemble_switchover.data.normalisation import pixel_moments
from ensemble_switchover.data.sources.source import DatasetArrays
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_logger = logging.getLogger(__name__)

CACHE_VERSION = 2
"""Of the layout; a cache of another version is made again."""

MANIFEST = "manifest.json"
WRITTEN_PIECE_BYTES = 1 << 26
SAMPLED_ROWS = 64
ARRAY_TYPES = tuple(np.dtype(kind).str for kind in (np.uint8, np.int64))
"""Types of the arrays, as numpy writes them."""


@dataclass(frozen=True, slots=True)
class LoadedDataset:
    """A decoded set, mapped from its files, with the sums that its statistics follow from."""

    arrays: DatasetArrays
    train_moments: np.ndarray
    """(N, 2, C) `int64`: every training image's sums of pixels and of their squares."""


def cached_dataset(
    folder: Path, identity: str, decode: Callable[[], DatasetArrays]
) -> LoadedDataset:
    """Map the set kept under `identity`, decoding and writing it first if it is not there.

    The arrays are mapped copy on write: processes share the pages, and no write ever reaches the
    file. Of several processes that start at once, one decodes and the others wait.

    Args:
        folder: Where sets are kept.
        identity: Name of the set within the folder.
        decode: Reads the set from its source.

    Raises:
        DataError: if the set cannot be decoded, or the folder not written.
    """
    place = folder / identity
    found = _read(place, identity)
    if found is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder, identity):
            found = _read(place, identity)
            if found is not None:
                return found
            for abandoned in folder.glob(f"{identity}.part-*"):
                shutil.rmtree(abandoned, ignore_errors=True)
            _logger.info(f"preparing {identity} once; its decoded images go to {place}")
            whole = _decoded(identity, decode)
            _write(place, identity, whole)
    except OSError as error:
        room = "make room there, or " if error.errno == errno.ENOSPC else ""
        raise DataError(
            f"the decoded images of {identity} cannot be kept in {folder} "
            f"({error.strerror or error}); {room}set dataset.cache= to a folder that can be "
            f"written"
        ) from error
    return _read(place, identity) or whole


@contextmanager
def _lock(folder: Path, identity: str) -> Iterator[None]:
    lock = FileLock(folder / f"{identity}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _logger.info(f"another process prepares {identity}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def with_moments(decoded: DatasetArrays) -> LoadedDataset:
    """Add the sums of every training image to a decoded set."""
    return LoadedDataset(decoded, pixel_moments(decoded.train_images))


def _decoded(identity: str, decode: Callable[[], DatasetArrays]) -> LoadedDataset:
    try:
        return with_moments(decode())
    except OSError as error:
        raise DataError(f"{identity} cannot be read ({error})") from error


def _arrays(cached: LoadedDataset) -> dict[str, np.ndarray]:
    arrays = {
        entry.name: getattr(cached.arrays, entry.name)
        for entry in fields(DatasetArrays)
        if entry.name not in {"class_names", "remarks"}
    }
    return {**arrays, "train_moments": cached.train_moments}


def _write(place: Path, identity: str, cached: LoadedDataset) -> None:
    part = place.with_name(f"{identity}.part-{uuid4().hex[:8]}")
    try:
        part.mkdir()
        arrays = _arrays(cached)
        for name, array in arrays.items():
            with (part / f"{name}.npy").open("wb") as file:
                _write_array(file, array)
                _synchronise(file)
        manifest = {
            "version": CACHE_VERSION,
            "identity": identity,
            "class_names": list(cached.arrays.class_names),
            "remarks": list(cached.arrays.remarks),
            "arrays": {name: _facts(array) for name, array in arrays.items()},
        }
        with (part / MANIFEST).open("wb") as file:
            file.write(json.dumps(manifest, indent=1).encode())
            _synchronise(file)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_array(file: BinaryIO, array: np.ndarray) -> None:
    """Write as `numpy.save` does, but in pieces: its own error on a full disk has no reason."""
    array = np.ascontiguousarray(array)
    file.write(_header(array.shape, array.dtype.str))
    content = array.reshape(-1).view(np.uint8).data
    for start in range(0, len(content), WRITTEN_PIECE_BYTES):
        file.write(content[start : start + WRITTEN_PIECE_BYTES])


def _synchronise(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _facts(array: np.ndarray) -> dict[str, Any]:
    """Describe an array so that another one in its place is noticed without reading it all."""
    sample = array if array.ndim == 1 else array[:: max(1, len(array) // SAMPLED_ROWS)]
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.str,
        "sample_crc32": zlib.crc32(np.ascontiguousarray(sample).data),
    }


def _read(place: Path, identity: str) -> LoadedDataset | None:
    """Map a set, or return None where there is none that is whole."""
    try:
        manifest = json.loads((place / MANIFEST).read_bytes())
        if (manifest["version"], manifest["identity"]) != (CACHE_VERSION, identity):
            return None
        arrays = {}
        for name, facts in manifest["arrays"].items():
            array = _map(place / f"{name}.npy", facts["shape"], facts["dtype"])
            if _facts(array) != facts:
                return None
            arrays[name] = array
        moments = arrays.pop("train_moments")
        names, remarks = tuple(manifest["class_names"]), tuple(manifest["remarks"])
        return LoadedDataset(DatasetArrays(**arrays, class_names=names, remarks=remarks), moments)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _map(path: Path, shape: Sequence[int], kind: str) -> np.ndarray:
    """Map an array whose shape and type are known; numpy would trust a damaged header.

    Raises:
        ValueError: if the file is another one.
    """
    if kind not in ARRAY_TYPES:
        raise ValueError(f"an array of type {kind}")
    dtype, header = np.dtype(kind), _header(shape, kind)
    content_bytes = math.prod(shape) * dtype.itemsize
    with path.open("rb") as file:
        same = file.read(len(header)) == header
    if not same or path.stat().st_size != len(header) + content_bytes:
        raise ValueError(f"{path}: expected {dtype} of shape {tuple(shape)}")
    if content_bytes == 0:
        return np.empty(shape, dtype)  # nothing can be mapped
    mapped = np.memmap(path, dtype, mode="c", offset=len(header), shape=tuple(shape))
    return np.asarray(mapped)


def _header(shape: Sequence[int], kind: str) -> bytes:
    """Return what `numpy.save` writes before an array of that shape and type."""
    buffer = BytesIO()
    facts = {"descr": kind, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(buffer, facts)
    return buffer.getvalue()
