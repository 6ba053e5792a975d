"""The runs below a folder as one flat table, to list, to query in SQL, and to export.

`results.run_columns` describes its columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic_core import from_json

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.paths import readable
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.document import check_epochs_size, read_document
from ensemble_switchover.results.epochs_file import SCHEMA, epoch_columns
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import (
    DESCRIPTION_FILE,
    FAILURE_FILE,
    unfinished_folder,
)
from ensemble_switchover.results.lock import holder_of
from ensemble_switchover.results.run_columns import known_facts, record_facts, schema_of
from ensemble_switchover.results.state import RunState, failure_of, num_epochs_kept
from ensemble_switchover.results.store import read_folders

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.store import Unreadable

RUN_TABLE_COLUMNS = schema_of("comparison")
"""Column of a table of runs -> its type."""

KEYS = (
    "study", "name", "family", "dataset", "evaluated_on", "design_class", "k", "budget_depth",
    "budget_width", "budget_parameters", "parameters", "seed", "folder",
)  # fmt: skip
"""The columns of a run that are repeated with every epoch."""


def list_runs(root: Path) -> pl.DataFrame:
    """List every run below a folder, whatever its state, in order of the folders.

    Raises:
        RecordError: if `root` is not a folder.
    """
    found = find_runs(root)
    rows = {folder: _recorded_row(folder) for folder in found.recorded}
    rows |= {folder: _failed_row(folder) for folder in found.failed}
    for folder in found.begun:
        if folder not in rows or rows[folder]["state"] == RunState.FAILED.value:
            rows |= _begun_rows(folder)
    for folder, row in rows.items():
        row["folder"] = shown_folder(folder, root)
    return pl.DataFrame([rows[folder] for folder in sorted(rows)], schema=RUN_TABLE_COLUMNS)


def select_runs(runs: pl.DataFrame, where: str, option: str = "--where") -> pl.DataFrame:
    """Return the runs for which an SQL expression is true; `option` is what it was given to.

    >>> runs = pl.DataFrame({"design_class": ["deq", "weq"], "k": [2, 4]})
    >>> select_runs(runs, "design_class='weq' and k > 2").rows()
    [('weq', 4)]

    Raises:
        RecordError: if it is no expression over the columns of `runs`.
    """
    try:
        with pl.SQLContext(runs=runs) as context:
            return context.execute(f"SELECT * FROM runs WHERE ({where})").collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).partition("\n")[0].partition("; valid columns")[0]
        raise RecordError(
            f"{option} {where}: {reason}; expected an SQL expression such as "
            f"\"design_class='deq' and k > 2\", with text in single quotes, over the columns "
            f"{', '.join(runs.columns)}"
        ) from error


def list_epochs(root: Path, runs: pl.DataFrame) -> tuple[pl.DataFrame, list[Unreadable]]:
    """List the epochs of the finished ones of some runs, one row an epoch.

    Returns:
        A frame with the columns `KEYS` and those of `epochs.parquet`, and what cannot be read.
    """
    records, unreadable = read_listed(root, runs)
    keys = pl.Schema({name: RUN_TABLE_COLUMNS[name] for name in KEYS})
    rows = []
    for row in runs.select(KEYS).iter_rows(named=True):
        record = records.get(row["folder"])
        rows += [{**row, **epoch_columns(epoch)} for epoch in (record.epochs if record else [])]
    return pl.DataFrame(rows, schema=pl.Schema([*keys.items(), *SCHEMA.items()])), unreadable


def read_listed(root: Path, runs: pl.DataFrame) -> tuple[dict[str, Record], list[Unreadable]]:
    """Read the records of the finished ones of some runs.

    Returns:
        Their records by the column `folder`, and what cannot be read.
    """
    finished = set(runs.filter(pl.col("state") == RunState.FINISHED.value)["folder"])
    names = {folder: shown_folder(folder, root) for folder in find_runs(root).recorded}
    records, unreadable = read_folders([folder for folder in names if names[folder] in finished])
    return {names[folder]: record for folder, record in records.items()}, unreadable


def _failed_row(folder: Path) -> dict[str, Any]:
    description = _description(folder / FAILURE_FILE, "run")
    return {**description, **_state(folder, RunState.FAILED, failure_of(folder))}


def _recorded_row(folder: Path) -> dict[str, Any]:
    try:
        document = read_document(folder)
        check_epochs_size(document)
    except RecordError as error:
        return _state(folder, RunState.UNREADABLE, str(error))
    facts = record_facts(document.record, document.summary)
    return {**_state(folder, RunState.FINISHED, None), **facts}


def _begun_rows(folder: Path) -> dict[Path, dict[str, Any]]:
    """Tell of a run that is running or was interrupted; nothing of one that came to nothing."""
    unfinished = unfinished_folder(folder)
    hold, epochs = holder_of(unfinished), num_epochs_kept(folder)
    row = _description(unfinished / DESCRIPTION_FILE)
    if hold is not None:
        row |= _state(folder, RunState.RUNNING, str(hold))
        row["started_at"] = None if hold.owner is None else hold.owner.started_at
        return {folder: row}
    if epochs and not (folder / FAILURE_FILE).exists():
        note = f"goes on after {count(epochs, 'epoch')}"
        return {folder: row | _state(folder, RunState.INTERRUPTED, note)}
    return {}


def _state(folder: Path, state: RunState, note: str | None) -> dict[str, Any]:
    return {
        "state": state.value,
        "note": None if note is None else readable(note),
        "study": readable(folder.parent.name),
        "name": readable(folder.name),
    }


def shown_folder(folder: Path, root: Path) -> str:
    """Return what the column `folder` has of a run, given the folder that is listed."""
    return readable(folder.relative_to(root).as_posix())


def _description(path: Path, key: str | None = None) -> dict[str, Any]:
    """Read the facts of a run without a record; none where they were not stored yet."""
    try:
        values = from_json(path.read_bytes())
        return known_facts(values if key is None else values[key])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
