"""Published batches that are pickles, read without running anything that a pickle may ask for.

A pickle names functions, and an ordinary reader calls them. This one knows the few names by which
numpy writes an array, and puts functions of its own in their place; every other name is refused.
"""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any

import numpy as np

from ensemble_switchover.errors import DataError

TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "b1")
TEXT = "latin1"
"""How Python 2's strings are read, the bytes of arrays among them: one character a byte."""


def read_batch(content: bytes, name: str) -> dict[str, Any]:
    """Read a pickled dictionary of plain values and numpy arrays.

    Args:
        content: The pickle, of Python 2 or 3.
        name: Of the file, for messages.

    Returns:
        The dictionary, its keys as text.

    Raises:
        DataError: if it is cut off, is not a dictionary, or asks for anything else.
    """
    try:
        found = _Reader(BytesIO(content), encoding=TEXT).load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DataError(f"{name} is not a batch of images that can be read ({reason})") from error
    if not isinstance(found, dict):
        raise DataError(f"{name} is not a batch of images: expected a dictionary")
    return {_text(key): _plain(value) for key, value in found.items()}


class _Type:
    """Stands in for `numpy.dtype`."""

    def __init__(self, code: str | bytes, *_: object) -> None:
        code = _text(code)
        if code not in TYPES:
            raise pickle.UnpicklingError(f"an array of type {code}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = _text(state[1])
        if order in {"<", ">"}:
            self.dtype = self.dtype.newbyteorder("<" if order == "<" else ">")


class _Array:
    """Stands in for `numpy.ndarray`."""

    array: np.ndarray

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, by_columns, content = state
        self.fill(content, kind, shape, "F" if by_columns else "C")

    def fill(self, content: Any, kind: _Type, shape: tuple[int, ...], order: str) -> None:
        data = content.encode(TEXT) if isinstance(content, str) else content
        flat = np.frombuffer(data, dtype=kind.dtype)
        self.array = flat.reshape(shape, order="F" if order == "F" else "C")


def _empty_array(kind: type, *_: object) -> _Array:
    if kind is not _Array:
        raise pickle.UnpicklingError(f"an array of class {kind}")
    return _Array()


def _array_of_buffer(content: Any, kind: _Type, shape: tuple[int, ...], order: str) -> _Array:
    array = _Array()
    array.fill(content, kind, shape, order)
    return array


def _bytes_of_text(text: str, encoding: str) -> bytes:
    if encoding not in {"latin1", "latin-1"}:
        raise pickle.UnpicklingError(f"text as {encoding}")
    return text.encode(TEXT)


def _no_bytes() -> bytes:
    return b""


_STAND_INS: dict[tuple[str, str], object] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy.core.numeric", "_frombuffer"): _array_of_buffer,
    ("numpy._core.numeric", "_frombuffer"): _array_of_buffer,
    ("_codecs", "encode"): _bytes_of_text,
    ("__builtin__", "bytes"): _no_bytes,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch needs")
        return _STAND_INS[module, name]


def _text(value: object) -> str:
    return value.decode(TEXT) if isinstance(value, bytes) else str(value)


def _plain(value: object) -> object:
    return value.array if isinstance(value, _Array) else value


def batch_arrays(
    batch: dict[str, Any], labels_key: str, size: int, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, 3, size, size) and labels (N,) of a batch of rows, red before green.

    Raises:
        DataError: naming the file, if the batch does not hold such rows and labels.
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
        raise DataError(f"{name}: expected {len(rows):,} {labels_key}, one an image")
    return rows.reshape(-1, 3, size, size), numbers
