"""The Ensemble Switchover Threshold (EST): from which budget and epoch on an ensemble pays.

Source: section 4 and Figure 2 of Wasay & Idreos (ICLR 2021). What the paper leaves open, when one
design beats another and what "beyond" means on a finite grid, is fixed here:

- In a cell (budget p, epoch e) the ensemble's and the single network's test errors are paired by
  seed. The cell's verdict follows from the paired t interval of the differences.
- A cell is beyond the threshold if the verdict is "ensemble" in every cell with a budget >= p and
  an epoch >= e. So one early crossing that is later lost is no threshold.
- The threshold is the lower-left boundary of that region, a staircase: for each budget the
  smallest epoch beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.statistics import (
    CONFIDENCE,
    Interval,
    paired_t_interval,
    sample_mean,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.analysis.error_grid import DesignClassName, ErrorGrid


class Verdict(Enum):
    """Which design has the lower test error in a cell."""

    ENSEMBLE = "ensemble"
    """The interval of the difference lies wholly below 0."""
    SINGLE = "single"
    """The interval of the difference lies wholly above 0."""
    UNDECIDED = "undecided"
    """The interval holds 0, or there is none because fewer than two seeds are paired."""
    HOLE = "hole"
    """One of the two designs has no run there, such as an ensemble that no budget so small has."""


class Outcome(Enum):
    """What the grid says of the switchover."""

    FOUND = "found"
    """At least one cell is beyond the threshold."""
    NOT_WITHIN = "not_within"
    """At the largest budget and last epoch the single network is still better."""
    UNDECIDED = "undecided"
    """At the largest budget and last epoch the seeds do not tell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The comparison at one budget and epoch."""

    verdict: Verdict
    mean_difference: float | None
    """Mean of ensemble minus single test error over the paired seeds, in percentage points."""
    interval: Interval | None
    """Its confidence interval; None for fewer than two paired seeds."""
    num_pairs: int
    """Number of seeds that both designs have."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The switchover of one ensemble class, and the grid that it was read from."""

    ensemble_class: DesignClassName
    k: int
    """Number of members."""
    budgets: tuple[int, ...]
    """Trainable parameters, ascending."""
    epochs: tuple[int, ...]
    cells: tuple[tuple[Cell, ...], ...] = field(repr=False)
    """One tuple per budget, one cell per epoch."""
    staircase: tuple[int | None, ...]
    """For each budget the smallest epoch beyond the threshold, or None."""
    outcome: Outcome
    budget: int | None
    """The smallest budget, in parameters, that is beyond the threshold at the last epoch."""
    epoch: int | None
    """The smallest epoch beyond the threshold at that budget."""
    confidence: float

    @property
    def last_cell(self) -> Cell:
        """The cell at the largest budget and last epoch, on which the outcome rests."""
        return self.cells[-1][-1]

    @property
    def pair_counts(self) -> tuple[int, int] | None:
        """The fewest and the most paired seeds of a cell that is no hole; None if all are."""
        counts = [column[-1].num_pairs for column in self.cells if _is_filled(column[-1])]
        return (min(counts), max(counts)) if counts else None

    @property
    def num_holes(self) -> int:
        """Number of budgets at which the ensemble and the single network cannot be compared."""
        return sum(not _is_filled(column[-1]) for column in self.cells)


def judge_cell(
    ensemble: Mapping[int, float], single: Mapping[int, float], confidence: float = CONFIDENCE
) -> Cell:
    """Compare the test errors of one cell, paired by seed.

    Args:
        ensemble: Seed -> test error of the ensemble in percent; empty if there is none.
        single: Seed -> test error of the single network in percent; empty if there is none.
        confidence: Confidence of the interval.

    >>> judge_cell({0: 5.0, 1: 6.0, 2: 5.5}, {0: 9.0, 1: 9.5, 2: 9.4}).verdict.value
    'ensemble'
    >>> judge_cell({0: 5.0}, {0: 9.0}).verdict.value
    'undecided'
    >>> judge_cell({}, {0: 9.0}).verdict.value
    'hole'
    """
    if not ensemble or not single:
        return Cell(Verdict.HOLE, None, None, 0)
    differences = [ensemble[seed] - single[seed] for seed in sorted(ensemble) if seed in single]
    mean_difference = sample_mean(differences) if differences else None
    interval = paired_t_interval(differences, confidence)
    verdict = Verdict.UNDECIDED
    if interval is not None and interval.below_zero:
        verdict = Verdict.ENSEMBLE
    elif interval is not None and interval.above_zero:
        verdict = Verdict.SINGLE
    return Cell(verdict, mean_difference, interval, len(differences))


def find_threshold(
    grid: ErrorGrid, ensemble_class: DesignClassName, confidence: float = CONFIDENCE
) -> Threshold:
    """Find the switchover of one ensemble class.

    Args:
        grid: The test errors of one comparison.
        ensemble_class: `deq` or `weq`.
        confidence: Confidence of each cell's interval.

    Returns:
        The threshold; see the top of this file for its definition.
    """
    rows, columns = range(len(grid.epochs)), range(len(grid.budgets))
    cells = tuple(
        tuple(
            judge_cell(
                grid.errors(ensemble_class, column, row),
                grid.errors("single", column, row),
                confidence,
            )
            for row in rows
        )
        for column in columns
    )
    budgets = tuple(budget.parameters for budget in grid.budgets)
    verdicts = [[cell.verdict for cell in column] for column in cells]
    staircase = tuple(
        None if row is None else grid.epochs[row] for row in find_staircase(budgets, verdicts)
    )
    beyond = [column for column in columns if staircase[column] is not None]
    outcome = Outcome.UNDECIDED
    if beyond:
        outcome = Outcome.FOUND
    elif cells[-1][-1].verdict is Verdict.SINGLE:
        outcome = Outcome.NOT_WITHIN
    return Threshold(
        ensemble_class=ensemble_class,
        k=grid.k,
        budgets=budgets,
        epochs=grid.epochs,
        cells=cells,
        staircase=staircase,
        outcome=outcome,
        budget=budgets[beyond[0]] if beyond else None,
        epoch=staircase[beyond[0]] if beyond else None,
        confidence=confidence,
    )


def find_staircase(
    budgets: Sequence[int], verdicts: Sequence[Sequence[Verdict]]
) -> list[int | None]:
    """Return, for each budget, the index of the first epoch beyond the threshold, or None.

    Args:
        budgets: Parameters of each column; columns of equal budgets bound each other.
        verdicts: One sequence per column, one verdict per epoch.

    An ensemble that leads early at the small budget and loses the lead is not beyond:

    >>> lead, lost = Verdict.ENSEMBLE, Verdict.UNDECIDED
    >>> find_staircase([1, 2], [[lead, lead, lost], [lost, lead, lead]])
    [None, 1]
    """
    lasting = [_first_lasting_row(column) for column in verdicts]
    staircase: list[int | None] = []
    for budget in budgets:
        quadrant = [row for other, row in zip(budgets, lasting, strict=True) if other >= budget]
        rows = [row for row in quadrant if row is not None]
        staircase.append(max(rows) if len(rows) == len(quadrant) else None)
    return staircase


def _first_lasting_row(column: Sequence[Verdict]) -> int | None:
    first = len(column)
    while first > 0 and column[first - 1] is Verdict.ENSEMBLE:
        first -= 1
    return first if first < len(column) else None


def _is_filled(cell: Cell) -> bool:
    return cell.verdict is not Verdict.HOLE
