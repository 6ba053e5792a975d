"""The cascades of designs as metrics of the page: time, error, and members asked.

They are of the exit rule by confidence. Of a single network, which has one member, they are its own
time and error, so that both can be drawn in one picture.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from ensemble_switchover.analysis.advice.cascade_times import measured_share
from ensemble_switchover.analysis.statistics import sample_mean, sample_std

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.record import Record

DRAWN_RULE: ExitRule = "confidence"
DrawnCascades: TypeAlias = "Mapping[RunKey, tuple[Record, CascadeRecord]]"
"""Run -> its record and its cascade by the rule that is drawn."""


def drawn_cascades(
    records: Iterable[Record], cascades: Mapping[RunKey, Sequence[CascadeRecord]]
) -> dict[RunKey, tuple[Record, CascadeRecord]]:
    """Return the cascade of every run that is drawn."""
    return {
        (record.study, record.name): (record, cascade)
        for record in records
        for cascade in cascades.get((record.study, record.name), ())
        if cascade.rule == DRAWN_RULE
    }


def cascade_errors(
    runs: pl.DataFrame, cascades: DrawnCascades, keys: Sequence[str]
) -> dict[tuple[Any, ...], dict[str, list[float | None]]]:
    """Return mean, sample standard deviation and number of seeds of error and members asked.

    Args:
        runs: A frame from `tabulate_runs`, without runs that are left out of errors.
        cascades: Those that are drawn.
        keys: The columns that tell designs apart.
    """
    errors, members = _Samples(), _Samples()
    for row in runs.select(*keys, "study", "name", "seed", "error_percent").iter_rows(named=True):
        key, found = tuple(row[name] for name in keys), cascades.get((row["study"], row["name"]))
        if row["k"] == 1:
            errors.add(key, row["seed"], row["error_percent"])
            members.add(key, row["seed"], 1.0)
        elif found is not None:
            errors.add(key, row["seed"], found[1].error_percent)
            members.add(key, row["seed"], found[1].mean_members)
    return {
        key: {"cascadeError": errors.summary(key), "members": members.summary(key)}
        for key in errors.designs()
    }


def cascade_times(
    runs: pl.DataFrame, cascades: DrawnCascades, keys: Sequence[str]
) -> dict[tuple[Any, ...], list[float | None]]:
    """Return mean, sample standard deviation and number of seeds of the time in milliseconds.

    Args:
        runs: Runs whose inference was timed at one batch size.
        cascades: Those that are drawn.
        keys: The columns that tell designs and conditions apart.
    """
    times = _Samples()
    columns = ("study", "name", "seed", "latency_ms_per_image", "latency_batch_size")
    for row in runs.select(*keys, *(c for c in columns if c not in keys)).iter_rows(named=True):
        key, found = tuple(row[name] for name in keys), cascades.get((row["study"], row["name"]))
        whole = row["latency_ms_per_image"]
        if row["k"] == 1:
            times.add(key, row["seed"], whole)
        elif found is not None:
            record, cascade = found
            share = measured_share(record, cascade, row["latency_batch_size"])
            if share is None:
                share = cascade.mean_members / cascade.num_members
            times.add(key, row["seed"], whole * share)
    return {key: times.summary(key) for key in times.designs()}


class _Samples:
    """Values by design and seed; those of one seed are one sample, their mean."""

    def __init__(self) -> None:
        self._values: defaultdict[tuple[Any, ...], defaultdict[int, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def add(self, key: tuple[Any, ...], seed: int, value: float) -> None:
        self._values[key][seed].append(value)

    def designs(self) -> list[tuple[Any, ...]]:
        return list(self._values)

    def summary(self, key: tuple[Any, ...]) -> list[float | None]:
        seeds = [sample_mean(of_seed) for of_seed in self._values[key].values()]
        return [sample_mean(seeds), sample_std(seeds), len(seeds)]
