"""Read published pickles of images without running any function that they name.

The usual reader calls the functions that a pickle names. This one replaces the few functions that
rebuild numpy's arrays by its own, and refuses every other name.
"""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any

import numpy as np

from ensemble_switchover.errors import DataError

PICKLE_DTYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "b1")
TEXT_ENCODING = "latin1"
"""The encoding for strings of Python 2, which also hold the bytes of arrays."""


def read_batch(content: bytes, name: str) -> dict[str, Any]:
    """Read a pickled dictionary of plain values and numpy arrays.

    Args:
        content: The pickle, written by Python 2 or 3.
        name: The name of the file, for messages.

    Returns:
        The dictionary, with its keys as text.

    Raises:
        DataError: if the pickle is truncated, is not a dictionary, or names other functions.
    """
    try:
        found = _Reader(BytesIO(content), encoding=TEXT_ENCODING).load()
        if isinstance(found, dict):
            found = {_text(key): _plain(value) for key, value in found.items()}
    except Exception as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DataError(f"{name} is not a batch of images that can be read ({reason})") from error
    if not isinstance(found, dict):
        raise DataError(f"{name} is not a batch of images: expected a dictionary")
    return found


class _Dtype:
    """Replaces `numpy.dtype`."""

    def __init__(self, code: str | bytes, *_: object) -> None:
        code = _text(code)
        if code not in PICKLE_DTYPES:
            raise pickle.UnpicklingError(f"an array of dtype {code}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = _text(state[1])
        if order in {"<", ">"}:
            self.dtype = self.dtype.newbyteorder("<" if order == "<" else ">")


class _Array:
    """Replaces `numpy.ndarray`."""

    array: np.ndarray | None = None
    """None until the pickle gives its contents."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, is_fortran_order, content = state
        self.fill(content, dtype, shape, "F" if is_fortran_order else "C")

    def fill(self, content: Any, dtype: _Dtype, shape: tuple[int, ...], order: str) -> None:
        data = content.encode(TEXT_ENCODING) if isinstance(content, str) else content
        flat = np.frombuffer(data, dtype=dtype.dtype)
        self.array = flat.reshape(shape, order="F" if order == "F" else "C")


def _empty_array(array_class: type, *_: object) -> _Array:
    if array_class is not _Array:
        raise pickle.UnpicklingError(f"an array of class {array_class}")
    return _Array()


def _array_from_buffer(content: Any, dtype: _Dtype, shape: tuple[int, ...], order: str) -> _Array:
    array = _Array()
    array.fill(content, dtype, shape, order)
    return array


def _encode_text(text: str, encoding: str) -> bytes:
    if encoding not in {"latin1", "latin-1"}:
        raise pickle.UnpicklingError(f"text as {encoding}")
    return text.encode(TEXT_ENCODING)


_REPLACEMENTS: dict[tuple[str, str], object] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy.core.numeric", "_frombuffer"): _array_from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _array_from_buffer,
    ("_codecs", "encode"): _encode_text,
    ("__builtin__", "bytes"): lambda: b"",
}
"""The functions that are called in place of those that a pickle names, by module and name."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _REPLACEMENTS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch needs")
        return _REPLACEMENTS[module, name]


def _plain(value: object) -> object:
    """Return numpy's array in place of its replacement."""
    if not isinstance(value, _Array):
        return value
    if value.array is None:
        raise pickle.UnpicklingError("an array without contents")
    return value.array


def _text(value: object) -> str:
    return value.decode(TEXT_ENCODING) if isinstance(value, bytes) else str(value)


def batch_arrays(
    batch: dict[str, Any], labels_key: str, size: int, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (N, 3, size, size) and labels (N,) of a batch.

    Args:
        batch: A dictionary with rows of `3 * size^2` bytes, channel by channel, under `data`.
        labels_key: The key of the labels.
        size: The side of an image in pixels.
        name: The name of the file, for messages.

    Raises:
        DataError: if the batch does not hold such rows and labels.
    """
    rows, labels = batch.get("data"), batch.get(labels_key)
    width = 3 * size**2
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.shape[1:] != (width,):
        found = f"{rows.dtype} of shape {rows.shape}" if isinstance(rows, np.ndarray) else "none"
        raise DataError(f"{name}: expected rows of {width:,} bytes as data, found {found}")
    try:
        numbers = np.asarray(labels, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty(0, dtype=np.int64)
    if numbers.shape != (len(rows),):
        raise DataError(f"{name}: expected {len(rows):,} {labels_key}, one per image")
    return rows.reshape(-1, 3, size, size), numbers
