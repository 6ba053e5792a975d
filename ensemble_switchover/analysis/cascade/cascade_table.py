"""The cascades of runs as a table, one row for each run and exit rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from ensemble_switchover.analysis.cascade.run_cascades import cascades_of
from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.latencies import LATENCY_BATCH_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.record import Record

CASCADE_COLUMNS: dict[str, pl.DataType] = {
    **dict.fromkeys(("study", "name", "rule", "ordered_by", "chosen_on"), pl.String()),
    **dict.fromkeys(("num_folds", "num_images"), pl.Int64()),
    **dict.fromkeys(("threshold", "least_threshold", "most_threshold"), pl.Float64()),
    **dict.fromkeys(("error_percent", "nll_nats", "mean_members"), pl.Float64()),
    **dict.fromkeys(("members_p50", "members_p90", "members_p99"), pl.Int64()),
    **dict.fromkeys(("whole_error_percent", "whole_nll_nats"), pl.Float64()),
    "num_orders": pl.Int64(),
    "is_every_order": pl.Boolean(),
    **dict.fromkeys(("least_error_percent", "most_error_percent"), pl.Float64()),
    **dict.fromkeys(("least_mean_members", "most_mean_members"), pl.Float64()),
    "measured_batch_size": pl.Int64(),
    **dict.fromkeys(("measured_ms_per_image", "measured_ms_to_single"), pl.Float64()),
    **dict.fromkeys(("curve_thresholds", "curve_error_percent"), pl.List(pl.Float64())),
    **dict.fromkeys(("curve_nll_nats", "curve_mean_members"), pl.List(pl.Float64())),
}
"""Column of the table -> its type. A run is named by its study and name; `least_` and `most_` are
over its folds (thresholds) and over orders of its members (error, members asked). What was
measured is of the served cascade, at the batch size of the latencies in tables; absent where it was
not."""

_SAME = (
    *("rule", "ordered_by", "chosen_on", "num_folds", "num_images", "threshold"),
    *("error_percent", "nll_nats", "mean_members", "members_p50", "members_p90", "members_p99"),
    *("whole_error_percent", "whole_nll_nats"),
)
"""Columns that are fields of a cascade's record."""


@dataclass(frozen=True, slots=True)
class RunCascades:
    """The cascades of some runs, and those that cannot be known."""

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CASCADE_COLUMNS))
    """A frame with `CASCADE_COLUMNS`."""
    unusable: Mapping[str, str] = field(default_factory=dict)
    """Name of a run -> why its predictions cannot be used."""
    without: tuple[str, ...] = ()
    """Names of ensembles that kept no predictions."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not known, in sentences."""
        notes = []
        if self.without and not self.table.is_empty():
            notes.append(
                f"{count(len(self.without), 'ensemble')} kept no predictions "
                "(record.predictions=final keeps them), so no cascade of them is known: "
                f"{name_first_few(self.without)}."
            )
        if self.unusable:
            told = name_first_few([f"{name} ({why})" for name, why in self.unusable.items()])
            notes.append(
                f"The predictions of {count(len(self.unusable), 'ensemble')} cannot be used, so no "
                f"cascade of them is known: {told}."
            )
        return tuple(notes)


def tabulate_cascades(records: Sequence[Record], folders: Mapping[RunKey, Path]) -> RunCascades:
    """Tabulate the cascades of runs, from their records or the predictions beside these.

    Args:
        records: Runs; single networks are passed over.
        folders: The folder of every run, by its study and name.
    """
    rows: list[dict[str, Any]] = []
    unusable: dict[str, str] = {}
    without: list[str] = []
    for record in records:
        if record.design.k < 2:
            continue
        folder = folders[record.study, record.name]
        try:
            found = cascades_of(record, folder)
        except RecordError as error:
            unusable[record.name] = str(error).removeprefix(f"{folder}/")
            continue
        if not found:
            without.append(record.name)
        rows += [_row(record, cascade) for cascade in found]
    return RunCascades(pl.DataFrame(rows, schema=CASCADE_COLUMNS), unusable, tuple(without))


def _row(record: Record, cascade: CascadeRecord) -> dict[str, Any]:
    thresholds = cascade.fold_thresholds or [cascade.threshold]
    orders, curve = cascade.orders, cascade.curve
    return {
        "study": record.study,
        "name": record.name,
        **{name: getattr(cascade, name) for name in _SAME},
        "least_threshold": min(thresholds),
        "most_threshold": max(thresholds),
        "num_orders": orders.num_orders,
        "is_every_order": orders.is_every_order,
        "least_error_percent": orders.error_percent[0],
        "most_error_percent": orders.error_percent[1],
        "least_mean_members": orders.mean_members[0],
        "most_mean_members": orders.mean_members[1],
        **_measured(record, cascade),
        "curve_thresholds": curve.thresholds,
        "curve_error_percent": curve.error_percent,
        "curve_nll_nats": curve.nll_nats,
        "curve_mean_members": curve.mean_members,
    }


def _measured(record: Record, cascade: CascadeRecord) -> dict[str, Any]:
    """Return how long the served cascade took by its exit rule, and in times the single network."""
    entries = {e.batch_size: e for e in record.cascade_latencies if e.rule == cascade.rule}
    if not entries:
        return {}
    found = entries.get(LATENCY_BATCH_SIZE, entries[max(entries)])
    own, single = found.cascade.mean_ms_per_image, found.single
    return {
        "measured_batch_size": found.batch_size,
        "measured_ms_per_image": own,
        "measured_ms_to_single": own / single.mean_ms_per_image if single else None,
    }
