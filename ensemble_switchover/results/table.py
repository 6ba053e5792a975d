"""The runs below a folder as one flat table, to list, to ask in SQL, and to export.

Units are in the columns' names; docs/results.md says what each column is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import TypeAdapter

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.document import Document, check_epochs_size, read_document
from ensemble_switchover.results.epochs import SCHEMA, epoch_columns
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.latencies import latencies_at
from ensemble_switchover.results.layout import (
    DESCRIPTION_FILE,
    FAILURE_FILE,
    RECORD_FILE,
    unfinished_folder,
)
from ensemble_switchover.results.lock import holder_of
from ensemble_switchover.results.record import RunDescription
from ensemble_switchover.results.state import RunState, failure_of, num_epochs_kept
from ensemble_switchover.results.store import read_folders
from ensemble_switchover.results.summary import RunSummary

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.store import Unreadable

RUN_TABLE_COLUMNS: dict[str, type[pl.DataType]] = {
    "state": pl.String,
    "note": pl.String,
    "study": pl.String,
    "name": pl.String,
    "family": pl.String,
    "family_options": pl.String,
    "dataset": pl.String,
    "evaluated_on": pl.String,
    "augmentation": pl.String,
    "train_size": pl.Int64,
    "design": pl.String,
    "source": pl.String,
    "k": pl.Int64,
    "depth": pl.Int64,
    "width": pl.Int64,
    "member_parameters": pl.Int64,
    "parameters": pl.Int64,
    "member_flops": pl.Int64,
    "budget_depth": pl.Int64,
    "budget_width": pl.Int64,
    "budget_parameters": pl.Int64,
    "budget_fill": pl.Float64,
    "epochs": pl.Int64,
    "batch_size": pl.Int64,
    "learning_rate": pl.Float64,
    "weight_decay": pl.Float64,
    "seed": pl.Int64,
    "test_error_percent": pl.Float64,
    "mean_member_test_error_percent": pl.Float64,
    "nll_nats": pl.Float64,
    "brier": pl.Float64,
    "ece": pl.Float64,
    "disagreement": pl.Float64,
    "error_correlation": pl.Float64,
    "train_seconds": pl.Float64,
    "epoch_seconds": pl.Float64,
    "wall_seconds": pl.Float64,
    "latency_ms_per_image": pl.Float64,
    "latency_batch_size": pl.Int64,
    "fastest_latency_ms_per_image": pl.Float64,
    "fastest_latency_execution": pl.String,
    "single_latency_ms_per_image": pl.Float64,
    "peak_device_bytes": pl.Int64,
    "peak_reserved_bytes": pl.Int64,
    "peak_rss_bytes": pl.Int64,
    "device": pl.String,
    "device_name": pl.String,
    "execution": pl.String,
    "precision": pl.String,
    "compiled": pl.Boolean,
    "residence": pl.String,
    "num_threads": pl.Int64,
    "concurrent_jobs": pl.Int64,
    "started_at": pl.String,
    "fingerprint": pl.String,
    "folder": pl.String,
}

_DESIGN = (
    "family", "k", "depth", "width", "member_parameters", "parameters", "member_flops",
    "budget_fill", "source",
)  # fmt: skip
_SUMMARY = tuple(field.name for field in fields(RunSummary) if field.name != "num_epochs")
_ENVIRONMENT = (
    "device", "device_name", "execution", "precision", "compiled", "residence", "num_threads",
    "concurrent_jobs",
)  # fmt: skip

KEYS = (
    "study", "name", "family", "dataset", "evaluated_on", "design", "k", "budget_depth",
    "budget_width", "budget_parameters", "parameters", "seed", "folder",
)  # fmt: skip
"""What of a run is repeated with every epoch."""

MAX_BITS = 63
"""Of a column's integers, the sign left out."""

_adapter = TypeAdapter(RunDescription)


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
        row["folder"] = folder.relative_to(root).as_posix()
    return pl.DataFrame([rows[folder] for folder in sorted(rows)], schema=RUN_TABLE_COLUMNS)


def select_runs(runs: pl.DataFrame, where: str) -> pl.DataFrame:
    """Return the runs for which an SQL expression is true.

    >>> runs = pl.DataFrame({"design": ["deq", "weq"], "k": [2, 4]})
    >>> select_runs(runs, "design='weq' and k > 2").rows()
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
            f"--where {where}: {reason}; expected an SQL expression such as "
            f"\"design='deq' and k > 2\", with text in single quotes, over the columns "
            f"{', '.join(runs.columns)}"
        ) from error


def list_epochs(root: Path, runs: pl.DataFrame) -> tuple[pl.DataFrame, list[Unreadable]]:
    """List the epochs of the finished ones of some runs, one row an epoch.

    Returns:
        A frame with the columns `KEYS` and those of `epochs.parquet`, and what cannot be read.
    """
    finished = runs.filter(pl.col("state") == RunState.FINISHED.value)
    records, unreadable = read_folders([root / folder for folder in finished["folder"]])
    keys = pl.Schema({name: RUN_TABLE_COLUMNS[name] for name in KEYS})
    rows = []
    for row in finished.select(KEYS).iter_rows(named=True):
        record = records.get(root / row["folder"])
        rows += [{**row, **epoch_columns(epoch)} for epoch in (record.epochs if record else [])]
    return pl.DataFrame(rows, schema=pl.Schema([*keys.items(), *SCHEMA.items()])), unreadable


def _failed_row(folder: Path) -> dict[str, Any]:
    description = _description(folder / FAILURE_FILE, "run")
    return {**description, **_state(folder, RunState.FAILED, failure_of(folder))}


def _recorded_row(folder: Path) -> dict[str, Any]:
    try:
        document = read_document(folder)
        check_epochs_size(document)
    except RecordError as error:
        return _state(folder, RunState.UNREADABLE, str(error))
    row = {**_state(folder, RunState.FINISHED, None), **_finished(document)}
    for name, value in row.items():
        if type(value) is int and value.bit_length() > MAX_BITS:
            note = f"{folder / RECORD_FILE}: {name}: a number of more than 64 bits"
            return _state(folder, RunState.UNREADABLE, note)
    return row


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
    return {"state": state.value, "note": note, "study": folder.parent.name, "name": folder.name}


def _description(path: Path, key: str | None = None) -> dict[str, Any]:
    """Read what a run without a record is; nothing of what was written before it was noted."""
    try:
        values = json.loads(path.read_bytes())
        described = asdict(_adapter.validate_python(values if key is None else values[key]))
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {**described, "design": described.pop("design_class")}


def _finished(document: Document) -> dict[str, Any]:
    record = document.record
    design, dataset, recipe = record.design, record.dataset, record.recipe
    latency = latencies_at(record.latencies)
    values = {
        **{name: getattr(document.summary, name) for name in _SUMMARY},
        **{name: getattr(record.environment, name) for name in _ENVIRONMENT},
        **{name: getattr(design, name) for name in _DESIGN},
        "study": record.study,
        "name": record.name,
        "family_options": json.dumps(design.family_options),
        "design": design.design_class,
        "dataset": dataset.name,
        "evaluated_on": dataset.evaluated_on,
        "augmentation": dataset.augmentation,
        "train_size": dataset.train_size,
        "budget_depth": record.budget.depth,
        "budget_width": record.budget.width,
        "budget_parameters": record.budget.parameters,
        "epochs": document.summary.num_epochs,
        "batch_size": recipe.batch_size,
        "learning_rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "seed": record.seed,
        "wall_seconds": record.wall_seconds,
        "started_at": record.started_at,
        "fingerprint": record.fingerprint,
    }
    if latency is not None:
        values |= {
            "latency_ms_per_image": latency.sequential.median_ms_per_image,
            "latency_batch_size": latency.sequential.batch_size,
            "fastest_latency_ms_per_image": latency.fastest.median_ms_per_image,
            "fastest_latency_execution": latency.fastest.execution,
        }
        if latency.single is not None:
            values["single_latency_ms_per_image"] = latency.single.median_ms_per_image
    return values
