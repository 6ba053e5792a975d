"""Test errors on the grid of budgets and epochs, by design class and seed."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from ensemble_switchover.analysis.statistics import sample_mean
from ensemble_switchover.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.results.record import BudgetRecord, DesignRecord, Record

DesignClassName: TypeAlias = Literal["single", "deq", "weq"]
ENSEMBLE_CLASSES: tuple[DesignClassName, ...] = ("deq", "weq")
DESIGN_CLASSES: tuple[DesignClassName, ...] = ("single", *ENSEMBLE_CLASSES)


@dataclass(frozen=True, slots=True)
class ErrorGrid:
    """The test error in percent of every design class, budget, epoch and seed."""

    budgets: tuple[BudgetRecord, ...]
    """In ascending order of parameters."""
    epochs: tuple[int, ...]
    """The epochs that every run has, ascending, counted from 1."""
    k: int
    """Number of members of the ensembles."""
    curves: Mapping[tuple[DesignClassName, int], Mapping[int, tuple[float, ...]]] = field(
        repr=False
    )
    """`(design class, index of the budget)` -> seed -> one test error per epoch."""
    designs: Mapping[tuple[DesignClassName, int], DesignRecord] = field(repr=False)
    """`(design class, index of the budget)` -> the networks that were trained there."""
    not_finite: tuple[str, ...] = ()
    """Names of the runs with a test error that is no finite number."""

    def errors(self, design_class: DesignClassName, column: int, row: int) -> dict[int, float]:
        """Return the test error in percent of each seed in a cell; empty in a hole.

        A test error that is no finite number is no sample: its seed is left out.

        Args:
            design_class: The design class.
            column: Index of the budget.
            row: Index of the epoch.
        """
        curves = self.curves.get((design_class, column), {})
        return {seed: curve[row] for seed, curve in curves.items() if math.isfinite(curve[row])}

    def mean_error(self, design_class: DesignClassName, column: int, row: int) -> float | None:
        """Return the mean test error in percent over the seeds of a cell; None in a hole."""
        errors = self.errors(design_class, column, row)
        return sample_mean(list(errors.values())) if errors else None

    def has(self, design_class: DesignClassName) -> bool:
        """Tell whether any run of a design class is in the grid."""
        return any(name == design_class for name, _ in self.curves)

    def seeds(self) -> set[int]:
        """Return every seed in the grid."""
        return {seed for curves in self.curves.values() for seed in curves}


def build_error_grid(records: Sequence[Record]) -> ErrorGrid:
    """Lay out the runs of one comparison as a grid.

    Several runs of one design and seed (under another execution, say) count as one sample: the
    mean of their test errors.

    Args:
        records: Runs of one comparison: one setting, and ensembles of one k.

    Raises:
        RecordError: if there is no record, if the runs share no epoch, or if one design class has
            two designs at one budget; it names the records.
    """
    if not records:
        raise RecordError("no records: expected at least one run to lay out as a grid")
    epochs = _common_epochs(records)
    budgets = sorted({r.budget for r in records}, key=lambda b: (b.parameters, b.depth, b.width))
    columns = {budget: column for column, budget in enumerate(budgets)}
    designs: dict[tuple[DesignClassName, int], DesignRecord] = {}
    names: dict[tuple[DesignClassName, int], str] = {}
    runs: defaultdict[tuple[DesignClassName, int], dict[int, list[list[float]]]] = defaultdict(dict)
    not_finite: list[str] = []
    for record in records:
        place = (record.design.design_class, columns[record.budget])
        if designs.setdefault(place, record.design) != record.design:
            raise RecordError(
                f"{names[place]} and {record.name}: two different {place[0]} designs for the "
                f"budget of {record.budget.parameters:,} parameters; put them into two folders"
            )
        names.setdefault(place, record.name)
        error = {epoch.epoch: epoch.test_error for epoch in record.epochs}
        curve = [error[epoch] for epoch in epochs]
        if not all(map(math.isfinite, curve)):
            not_finite.append(record.name)
        runs[place].setdefault(record.seed, []).append(curve)
    curves = {
        place: {
            seed: tuple(sample_mean(errors) for errors in zip(*same, strict=True))
            for seed, same in sorted(by_seed.items())
        }
        for place, by_seed in runs.items()
    }
    k = max(record.design.k for record in records)
    return ErrorGrid(tuple(budgets), epochs, k, curves, designs, tuple(not_finite))


def _common_epochs(records: Sequence[Record]) -> tuple[int, ...]:
    common = set.intersection(*({epoch.epoch for epoch in record.epochs} for record in records))
    if not common:
        shortest = min(records, key=lambda record: len(record.epochs))
        raise RecordError(f"{shortest.name}: has no epoch in common with the other runs")
    return tuple(sorted(common))
