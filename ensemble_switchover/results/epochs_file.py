"""`epochs.parquet`: one row an epoch, its columns the fields of `EpochRecord`.

A field that is added to `EpochRecord` is a column without further ado. Files that were written
before are read with the field's default, so a new field needs one.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections import deque
from itertools import accumulate
from typing import TYPE_CHECKING, Any, get_origin, get_type_hints

import polars as pl

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.epoch_metrics import ALWAYS_MEASURED, EpochRecord
from ensemble_switchover.results.migrations import EPOCH_COLUMNS_OF_VERSION_2
from ensemble_switchover.results.record import SCHEMA_VERSION
from ensemble_switchover.results.run_columns import column_type
from ensemble_switchover.results.stored_values import MEASURED, UNIONS, range_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_HINTS = get_type_hints(EpochRecord)
SCHEMA = pl.Schema({name: column_type(hint) for name, hint in _HINTS.items()})
_RANGES = {
    name: range_of(hint)
    for name, hint in get_type_hints(EpochRecord, include_extras=True).items()
    if SCHEMA[name] not in (pl.Boolean, pl.String)
}
"""Column -> the least and the most of its numbers; None where they need not be finite."""
_MAY_BE_ABSENT = {name for name, hint in _HINTS.items() if get_origin(hint) in UNIONS}
_MAPPINGS = {name for name, hint in _HINTS.items() if get_origin(hint) is dict}


def epoch_columns(epoch: EpochRecord) -> dict[str, Any]:
    """Return an epoch by the columns of `SCHEMA`; a mapping is a text, in JSON."""
    values = {name: getattr(epoch, name) for name in _HINTS}
    return values | {name: json.dumps(values[name]) for name in _MAPPINGS}


def dump_epochs_file(epochs: Sequence[EpochRecord]) -> bytes:
    """Write epochs as Parquet."""
    buffer = io.BytesIO()
    frame = pl.DataFrame([epoch_columns(epoch) for epoch in epochs], schema=SCHEMA)
    frame.write_parquet(buffer, compression="snappy", statistics=False)  # quickest to read
    return buffer.getvalue()


def _read_frame(contents: Sequence[bytes], version: int) -> pl.DataFrame:
    """Read the tables of many runs below one another, in one go.

    Raises:
        RecordError: if one of them is none, or has a column of another type.
    """
    renamed = EPOCH_COLUMNS_OF_VERSION_2 if version == 2 else {}
    former = {new: old for old, new in renamed.items()}
    try:
        frame = pl.scan_parquet(
            list(contents),
            schema={former.get(name, name): kind for name, kind in SCHEMA.items()},
            missing_columns="insert",
            extra_columns="ignore",
            use_statistics=False,
        ).collect()
        return frame.rename(renamed)
    except pl.exceptions.PolarsError as error:
        raise RecordError(f"no table of epochs: {str(error).splitlines()[0]}") from error


def load_epochs_files(
    contents: Sequence[bytes], counts: Sequence[int], version: int = SCHEMA_VERSION
) -> list[list[EpochRecord] | RecordError]:
    """Read the epochs of many runs.

    Args:
        contents: The Parquet file of each run.
        counts: How many epochs each should have.
        version: The schema version that all of them were written in.

    Returns:
        For each its epochs, or why they cannot be read.
    """
    if not contents:
        return []
    try:
        epochs = _epochs_of(_read_frame(contents, version))
        if len(epochs) != sum(counts):
            raise RecordError(f"no table of epochs: {len(epochs)} rows, expected {sum(counts)}")
    except RecordError as error:
        if len(contents) == 1:
            return [error]
        half = len(contents) // 2  # find the faulty one
        return [
            *load_epochs_files(contents[:half], counts[:half], version),
            *load_epochs_files(contents[half:], counts[half:], version),
        ]
    ends = list(accumulate(counts))
    return [epochs[end - count : end] for end, count in zip(ends, counts, strict=True)]


def _refuse_odd_numbers(frame: pl.DataFrame) -> None:
    """Refuse epochs with a number that their types, or arithmetic, do not hold.

    Raises:
        RecordError: naming the column, and what came.
    """
    for name, limits in _RANGES.items():
        column = frame[name]
        if isinstance(column.dtype, pl.List):
            if column.list.eval(pl.element().is_null()).list.any().any():
                raise RecordError(f"no table of epochs: {name}: a value is absent in a list")
            column = column.explode()
        if limits is None:
            column = column.filter(column.is_finite())
        least, most = limits or MEASURED
        odd = column.filter(~column.is_between(least, most))
        if len(odd):
            raise RecordError(
                f"no table of epochs: {name}: {odd[0]} came; expected {least:g} to {most:g}"
            )


def _refuse_half_evaluated(frame: pl.DataFrame) -> None:
    """Refuse epochs that have some of the measures that every evaluated epoch has, and not all.

    Raises:
        RecordError: naming a column that is absent there.
    """
    first, *others = ALWAYS_MEASURED
    for name in others:
        uneven = frame.filter(frame[name].is_null() != frame[first].is_null())
        if len(uneven):
            absent = name if uneven[name][0] is None else first
            raise RecordError(
                f"no table of epochs: {absent}: absent after epoch {uneven['epoch'][0]}; expected "
                f"{', '.join(ALWAYS_MEASURED)}, or none of them where it was not evaluated"
            )


def _epochs_of(frame: pl.DataFrame) -> list[EpochRecord]:
    """Make the rows' objects, column by column, which takes a third of the time of row by row.

    Raises:
        RecordError: if a value is absent that an epoch must have, or out of its range.
    """
    _refuse_odd_numbers(frame)
    _refuse_half_evaluated(frame)
    epochs = [EpochRecord.__new__(EpochRecord) for _ in range(frame.height)]
    for field in dataclasses.fields(EpochRecord):
        values = column_values(frame[field.name], field, field.name in _MAY_BE_ABSENT)
        if field.name in _MAPPINGS:
            values = [_read_mapping(field.name, value) for value in values]
        put = vars(EpochRecord)[field.name].__set__
        deque(map(put, epochs, values), maxlen=0)
    return epochs


def _read_mapping(name: str, value: str | dict[str, Any]) -> dict[str, Any]:
    """Read a mapping from its text; the default of older files is one already."""
    if isinstance(value, dict):
        return value
    try:
        found = json.loads(value)
    except json.JSONDecodeError as error:
        raise RecordError(f"no table of epochs: {name}: {error}") from error
    if not isinstance(found, dict):
        raise RecordError(f"no table of epochs: {name}: expected a mapping, and {value} came")
    return found


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
