"""Cache decoded data sets on disk; every process that uses one maps its files into memory.

A data set is a folder of `.npy` files and a manifest. It is written to a temporary folder that is
then renamed, so a partly written data set is never mistaken for a complete one.
"""

from __future__ import annotations

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
from ensemble_switchover.machine.caches import optional_cache
from ensemble_switchover.machine.files import write_flushed_file
from ensemble_switchover.machine.system_errors import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_logger = logging.getLogger(__name__)

CACHE_VERSION = 2
"""The version of the layout on disk; a folder of another version is written again."""

MANIFEST = "manifest.json"
WRITE_CHUNK_BYTES = 1 << 26
SAMPLED_ROWS = 64
"""About how many rows of an array its checksum covers."""
ARRAY_DTYPES = tuple(np.dtype(dtype).str for dtype in (np.uint8, np.int64))
"""The dtypes that an array may have, as numpy writes them."""


@dataclass(frozen=True, slots=True)
class LoadedDataset:
    """A whole data set as arrays, with the pixel sums that give its mean and deviation."""

    arrays: DatasetArrays
    train_moments: np.ndarray
    """(N, 2, C) `int64`: the sum of the pixels of every training image, and of their squares."""
    mapped: bool = False
    """Whether the arrays are mapped from files, and so take no memory that is needed elsewhere."""


def cached_dataset(
    folder: Path, identity: str, decode: Callable[[], DatasetArrays]
) -> LoadedDataset:
    """Map the data set cached as `identity`; decode and write it first if it is not cached.

    The arrays are mapped copy-on-write: processes share the pages, and no write reaches the file.
    If several processes start at the same time, one decodes and the others wait.

    Args:
        folder: The folder of all cached data sets.
        identity: The name of the data set in that folder.
        decode: Reads the data set from its source.

    Returns:
        The data set, in the memory of this process where the folder cannot be written.

    Raises:
        DataError: if the data set cannot be decoded.
    """
    path = folder / identity
    found = _read(path, identity)
    if found is not None:
        return found
    dataset: LoadedDataset | None = None
    with optional_cache(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder, identity):
            found = _read(path, identity)
            if found is not None:
                return found
            for abandoned in folder.glob(f"{identity}.part-*"):
                shutil.rmtree(abandoned, ignore_errors=True)
            _logger.info(f"preparing {identity} once; its decoded images go to {path}")
            dataset = _decode(identity, decode)
            _write(path, identity, dataset)
    return _read(path, identity) or dataset or _decode(identity, decode)


@contextmanager
def _lock(folder: Path, identity: str) -> Iterator[None]:
    lock = FileLock(folder / f"{identity}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _logger.info(f"another process is preparing {identity}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def with_moments(decoded: DatasetArrays) -> LoadedDataset:
    """Compute the pixel sums of a data set's training images."""
    return LoadedDataset(decoded, pixel_moments(decoded.train_images))


def _decode(identity: str, decode: Callable[[], DatasetArrays]) -> LoadedDataset:
    try:
        return with_moments(decode())
    except OSError as error:
        raise DataError(f"{identity} cannot be read: {sentence_of(error)}") from error


def _named_arrays(dataset: LoadedDataset) -> dict[str, np.ndarray]:
    arrays = {
        entry.name: getattr(dataset.arrays, entry.name)
        for entry in fields(DatasetArrays)
        if entry.name not in {"class_names", "remarks", "content"}  # what is cached has none
    }
    return {**arrays, "train_moments": dataset.train_moments}


def _write(path: Path, identity: str, dataset: LoadedDataset) -> None:
    temporary = path.with_name(f"{identity}.part-{uuid4().hex[:8]}")
    try:
        temporary.mkdir()
        arrays = _named_arrays(dataset)
        for name, array in arrays.items():
            with (temporary / f"{name}.npy").open("wb") as file:
                _write_array(file, array)
        manifest = {
            "version": CACHE_VERSION,
            "identity": identity,
            "class_names": list(dataset.arrays.class_names),
            "remarks": list(dataset.arrays.remarks),
            "arrays": {name: _description(array) for name, array in arrays.items()},
        }
        write_flushed_file(temporary / MANIFEST, json.dumps(manifest, indent=1).encode())
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_array(file: BinaryIO, array: np.ndarray) -> None:
    """Write what `numpy.save` writes, in chunks, whose error on a full disk gives the reason."""
    array = np.ascontiguousarray(array)
    file.write(_npy_header(array.shape, array.dtype.str))
    content = array.reshape(-1).view(np.uint8).data
    for start in range(0, len(content), WRITE_CHUNK_BYTES):
        file.write(content[start : start + WRITE_CHUNK_BYTES])
    file.flush()
    os.fsync(file.fileno())


def _description(array: np.ndarray) -> dict[str, Any]:
    """Return shape, dtype and a checksum of sampled rows, to detect a file that was replaced."""
    sample = array if array.ndim == 1 else array[:: max(1, len(array) // SAMPLED_ROWS)]
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.str,
        "sample_crc32": zlib.crc32(np.ascontiguousarray(sample).data),
    }


def _read(path: Path, identity: str) -> LoadedDataset | None:
    """Map a cached data set; return None if it is absent, incomplete or damaged."""
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        if (manifest["version"], manifest["identity"]) != (CACHE_VERSION, identity):
            return None
        arrays: dict[str, Any] = {}
        for name, expected in manifest["arrays"].items():
            array = _map(path / f"{name}.npy", expected["shape"], expected["dtype"])
            if _description(array) != expected:
                return None
            arrays[name] = array
        moments = arrays.pop("train_moments")
        names, remarks = tuple(manifest["class_names"]), tuple(manifest["remarks"])
        whole = DatasetArrays(**arrays, class_names=names, remarks=remarks)
        return LoadedDataset(whole, moments, mapped=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _map(path: Path, shape: Sequence[int], dtype_code: str) -> np.ndarray:
    """Map a `.npy` file of known shape and dtype; `numpy.load` would trust a damaged header.

    Raises:
        ValueError: if the file holds anything else.
    """
    if dtype_code not in ARRAY_DTYPES:
        raise ValueError(f"an array of dtype {dtype_code}")
    dtype, header = np.dtype(dtype_code), _npy_header(shape, dtype_code)
    content_bytes = math.prod(shape) * dtype.itemsize
    with path.open("rb") as file:
        same = file.read(len(header)) == header
    if not same or path.stat().st_size != len(header) + content_bytes:
        raise ValueError(f"{path}: expected {dtype} of shape {tuple(shape)}")
    if content_bytes == 0:
        return np.empty(shape, dtype)  # an empty file cannot be mapped
    mapped = np.memmap(path, dtype, mode="c", offset=len(header), shape=tuple(shape))
    return np.asarray(mapped)


def _npy_header(shape: Sequence[int], dtype_code: str) -> bytes:
    """Return the header that `numpy.save` writes before an array of this shape and dtype."""
    buffer = BytesIO()
    header = {"descr": dtype_code, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()
