"""`epochs.parquet`: one row an epoch, its columns those of `EpochRecord` with units in the names.

A field that is added to `EpochRecord` is a column by that alone. Files of before it was there are
read with the field's default, so a new field needs one.
"""

from __future__ import annotations

import dataclasses
import io
from collections import deque
from itertools import accumulate
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import polars as pl

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.record import EpochRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS = {
    "train_loss": "train_loss_nats",
    "test_error": "test_error_percent",
    "member_test_errors": "member_test_errors_percent",
    "nll": "nll_nats",
    "member_nlls": "member_nlls_nats",
}
"""Columns of fields whose own names lack the unit."""

_TYPES: dict[Any, pl.DataType] = {
    int: pl.Int64(),
    float: pl.Float64(),
    bool: pl.Boolean(),
    str: pl.String(),
}


def column_type(hint: Any) -> pl.DataType:
    """Return the type of a field's column.

    Raises:
        TypeError: for a field that is no number, truth value, text, or list of such.

    >>> column_type(list[float]), column_type(int | None)
    (List(Float64), Int64)
    """
    if get_origin(hint) is UnionType:
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is list:
        return pl.List(column_type(get_args(hint)[0]))
    if hint not in _TYPES:
        raise TypeError(f"a field of an epoch of type {hint}: expected one of {list(_TYPES)}")
    return _TYPES[hint]


_HINTS = get_type_hints(EpochRecord)
COLUMNS = {name: UNITS.get(name, name) for name in _HINTS}
"""Field -> column."""
SCHEMA = pl.Schema({COLUMNS[name]: column_type(hint) for name, hint in _HINTS.items()})
_MAY_BE_ABSENT = {name for name, hint in _HINTS.items() if isinstance(hint, UnionType)}


def epoch_columns(epoch: EpochRecord) -> dict[str, Any]:
    """Return an epoch by the columns of `SCHEMA`."""
    return {column: getattr(epoch, name) for name, column in COLUMNS.items()}


def dump_epochs_file(epochs: Sequence[EpochRecord]) -> bytes:
    """Write epochs as Parquet."""
    buffer = io.BytesIO()
    frame = pl.DataFrame([epoch_columns(epoch) for epoch in epochs], schema=SCHEMA)
    frame.write_parquet(buffer, compression="snappy", statistics=False)  # quickest to read
    return buffer.getvalue()


def _read_frame(contents: Sequence[bytes]) -> pl.DataFrame:
    """Read the tables of many runs below one another, in one go.

    Raises:
        RecordError: if one of them is none, or has a column of another type.
    """
    try:
        return pl.scan_parquet(
            list(contents),
            schema=SCHEMA,
            missing_columns="insert",
            extra_columns="ignore",
            use_statistics=False,
        ).collect()
    except pl.exceptions.PolarsError as error:
        raise RecordError(f"no table of epochs: {str(error).splitlines()[0]}") from error


def load_epochs_files(
    contents: Sequence[bytes], counts: Sequence[int]
) -> list[list[EpochRecord] | RecordError]:
    """Read the epochs of many runs.

    Args:
        contents: The Parquet file of each run.
        counts: How many epochs each should have.

    Returns:
        For each its epochs, or why they cannot be read.
    """
    if not contents:
        return []
    try:
        epochs = _epochs_of(_read_frame(contents))
        if len(epochs) != sum(counts):
            raise RecordError(f"no table of epochs: {len(epochs)} rows, expected {sum(counts)}")
    except RecordError as error:
        if len(contents) == 1:
            return [error]
        half = len(contents) // 2  # find the faulty one
        return [
            *load_epochs_files(contents[:half], counts[:half]),
            *load_epochs_files(contents[half:], counts[half:]),
        ]
    ends = list(accumulate(counts))
    return [epochs[end - count : end] for end, count in zip(ends, counts, strict=True)]


def _epochs_of(frame: pl.DataFrame) -> list[EpochRecord]:
    """Make the rows' objects, column by column, which takes a third of the time of row by row.

    Raises:
        RecordError: if a value is absent that an epoch must have.
    """
    epochs = [EpochRecord.__new__(EpochRecord) for _ in range(frame.height)]
    for field in dataclasses.fields(EpochRecord):
        values = column_values(frame[COLUMNS[field.name]], field, field.name in _MAY_BE_ABSENT)
        put = vars(EpochRecord)[field.name].__set__
        deque(map(put, epochs, values), maxlen=0)
    return epochs


def column_values(
    column: pl.Series, field: dataclasses.Field[Any], may_be_absent: bool
) -> list[Any]:
    """Return a column's values; where one is absent that must not be, the field's default.

    Raises:
        RecordError: if the field has none.
    """
    values = column.to_list()
    if may_be_absent or not column.null_count():
        return values
    if field.default_factory is not dataclasses.MISSING:
        return [field.default_factory() if value is None else value for value in values]
    if field.default is dataclasses.MISSING:
        raise RecordError(f"no table of epochs: {column.name}: absent in an epoch")
    return [field.default if value is None else value for value in values]
