"""Test errors on the grid of budgets and epochs, by design class and seed.

Where another metric is compared, its losses stand in place of the errors: of them, too, less is
better (`results.quality_metrics`). A cell is one budget and epoch. A hole is a cell in which a
design class has no run.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from ensemble_switchover.analysis.statistics import sample_mean
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.metric_losses import losses_by_epoch
from ensemble_switchover.results.quality_metrics import ERROR_METRIC

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import BudgetRecord, DesignRecord, Record

DesignClassName: TypeAlias = Literal["single", "deq", "weq"]
ENSEMBLE_CLASSES: tuple[DesignClassName, ...] = ("deq", "weq")
DESIGN_CLASSES: tuple[DesignClassName, ...] = ("single", *ENSEMBLE_CLASSES)

DesignKey: TypeAlias = tuple[DesignClassName, int]
"""Design class and index of the budget."""


@dataclass(frozen=True, slots=True)
class ErrorGrid:
    """Test errors in percent, or losses of another metric, by design class, budget, epoch, seed."""

    budgets: tuple[BudgetRecord, ...]
    """Budgets, ascending in parameters."""
    epochs: tuple[int, ...]
    """The epochs after which every run was evaluated, counted from 1, ascending; of a metric that
    is known after the last epoch only, that one."""
    k: int
    """Number of members of the ensembles."""
    curves: Mapping[DesignKey, Mapping[int, tuple[float, ...]]] = field(repr=False)
    """Design class and budget -> seed -> test error in percent after each epoch."""
    designs: Mapping[DesignKey, DesignRecord] = field(repr=False)
    """Design class and budget -> the networks that were trained there."""
    not_finite: tuple[str, ...] = ()
    """Names of the runs with a test error that is not finite."""
    left_out: tuple[str, ...] = ()
    """Names of the collapsed runs, which are in no error of the grid."""
    metric: QualityMetric = ERROR_METRIC
    """What is compared."""

    def seed_curves(
        self, design_class: DesignClassName, column: int
    ) -> Mapping[int, tuple[float, ...]]:
        """Return the test errors of a design: seed -> percent after each epoch; empty in a hole."""
        return self.curves.get((design_class, column), {})

    def errors(self, design_class: DesignClassName, column: int, row: int) -> dict[int, float]:
        """Return the finite test errors of a cell: seed -> percent; empty in a hole.

        Args:
            design_class: The design class.
            column: Index of the budget.
            row: Index of the epoch.
        """
        curves = self.seed_curves(design_class, column)
        return {seed: curve[row] for seed, curve in curves.items() if math.isfinite(curve[row])}

    def mean_error(self, design_class: DesignClassName, column: int, row: int) -> float | None:
        """Return the mean test error in percent over the seeds of a cell; None in a hole."""
        errors = self.errors(design_class, column, row)
        return sample_mean(list(errors.values())) if errors else None

    def has(self, design_class: DesignClassName) -> bool:
        """Tell whether the grid has a run of a design class."""
        return any(name == design_class for name, _ in self.curves)

    def seeds(self) -> set[int]:
        """Return every seed in the grid."""
        return {seed for curves in self.curves.values() for seed in curves}


def build_error_grid(
    records: Sequence[Record],
    collapsed: Collection[RunKey] = frozenset(),
    metric: QualityMetric = ERROR_METRIC,
) -> ErrorGrid:
    """Lay out the runs of one comparison as a grid.

    Several runs of one design and seed, for example under different executions, count as one
    sample, the mean of their test errors: they share weights to begin with and batches, and so much
    of their errors (docs/statistics.md).

    Args:
        records: Runs of one comparison: one setting, and ensembles of one k.
        collapsed: Runs whose errors are left out, from `find_collapsed`.
        metric: What is compared; the runs have it (`split_by_metric`).

    Raises:
        RecordError: if there is no record, if the runs share no epoch, or if a design class has two
            designs at one budget; it names the records.
    """
    if not records:
        raise RecordError("no records: expected at least one run to lay out as a grid")
    epochs = _common_epochs(records, metric)
    budgets = sorted({r.budget for r in records}, key=lambda b: (b.parameters, b.depth, b.width))
    columns = {budget: column for column, budget in enumerate(budgets)}
    first: dict[DesignKey, Record] = {}
    runs: defaultdict[DesignKey, dict[int, list[list[float]]]] = defaultdict(dict)
    not_finite: list[str] = []
    left_out: list[str] = []
    for record in records:
        key = (record.design.design_class, columns[record.budget])
        _require_same_design(first.setdefault(key, record), record)
        if (record.study, record.name) in collapsed:
            left_out.append(record.name)
            continue
        curve = _loss_curve(record, epochs, metric)
        if not all(map(math.isfinite, curve)):
            not_finite.append(record.name)
        runs[key].setdefault(record.seed, []).append(curve)
    curves = {
        key: {
            seed: tuple(sample_mean(errors) for errors in zip(*same_seed, strict=True))
            for seed, same_seed in sorted(by_seed.items())
        }
        for key, by_seed in runs.items()
    }
    designs = {key: record.design for key, record in first.items()}
    k = max(record.design.k for record in records)
    return ErrorGrid(
        tuple(budgets), epochs, k, curves, designs, tuple(not_finite), tuple(left_out), metric
    )


def _common_epochs(records: Sequence[Record], metric: QualityMetric) -> tuple[int, ...]:
    common = set.intersection(*(set(losses_by_epoch(record, metric)) for record in records))
    if not common:
        shortest = min(records, key=lambda record: len(record.epochs))
        known = "" if metric.is_error else f" with the {metric.noun}"
        raise RecordError(
            f"{shortest.name}: has no evaluated epoch{known} in common with the other runs"
        )
    return tuple(sorted(common))


def _require_same_design(first: Record, record: Record) -> None:
    if first.design != record.design:
        raise RecordError(
            f"{first.name} and {record.name}: two different {record.design.design_class} designs "
            f"for the budget of {record.budget.parameters:,} parameters; expected one design, so "
            "put them into two folders"
        )


def _loss_curve(record: Record, epochs: Sequence[int], metric: QualityMetric) -> list[float]:
    loss = losses_by_epoch(record, metric)
    return [loss[epoch] for epoch in epochs]
