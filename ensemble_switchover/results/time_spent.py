"""Where the seconds of runs went, summed by design."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.design import DesignClass
from ensemble_switchover.results.record import SecondsRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ensemble_switchover.results.record import Record

SECONDS_PARTS = tuple(field.name for field in fields(SecondsRecord))
"""The parts of a run's seconds; `waiting` is before its `wall_seconds`, the others are within."""
_CLASSES = [design_class.value for design_class in DesignClass]

SECONDS_COLUMNS = pl.Schema(
    {
        "family": pl.String(),
        "dataset": pl.String(),
        "train_size": pl.Int64(),
        "image_size": pl.Int64(),
        "design_class": pl.String(),
        "k": pl.Int64(),
        "runs": pl.Int64(),
        "runs_estimated": pl.Int64(),
        "wall_seconds": pl.Float64(),
        **{f"{part}_seconds": pl.Float64() for part in SECONDS_PARTS},
    }
)
"""Columns of a table of seconds; `runs_estimated` counts records without `seconds`."""


def sum_seconds(records: Iterable[Record]) -> pl.DataFrame:
    """Sum the seconds of runs by family, data set, its sizes, and design; a row for each.

    A run that shares the training of another took no time of its own and is left out.
    """
    groups: defaultdict[tuple[str, str, int, int, int, int], list[Record]] = defaultdict(list)
    for record in records:
        if record.shared_from is None:
            design, data = record.design, record.dataset
            order = _CLASSES.index(design.design_class)
            key = (design.family, data.name, data.train_size, data.image_size, order, design.k)
            groups[key].append(record)
    return pl.DataFrame(
        [
            {
                "family": family,
                "dataset": dataset,
                "train_size": train_size,
                "image_size": image_size,
                "design_class": _CLASSES[order],
                "k": k,
                "runs": len(runs),
                "runs_estimated": sum(run.seconds is None for run in runs),
                "wall_seconds": sum(run.wall_seconds for run in runs),
                **_sums([seconds_of(run) for run in runs]),
            }
            for (family, dataset, train_size, image_size, order, k), runs in sorted(groups.items())
        ],
        schema=SECONDS_COLUMNS,
    )


def seconds_of(record: Record) -> SecondsRecord:
    """Return where the seconds of a run went; of an older record, as far as its epochs tell."""
    if record.seconds is not None:
        return record.seconds
    training = sum(epoch.training_seconds for epoch in record.epochs)
    evaluation = sum(epoch.evaluation_seconds for epoch in record.epochs)
    rest = max(0.0, record.wall_seconds - training - evaluation)
    return SecondsRecord(training=training, evaluation=evaluation, rest=rest)


def _sums(seconds: list[SecondsRecord]) -> dict[str, float]:
    rows = [asdict(one) for one in seconds]
    return {f"{part}_seconds": sum(row[part] for row in rows) for part in SECONDS_PARTS}
