"""The Ensemble Switchover Threshold (EST): from which budget and epoch on an ensemble pays.

Source: section 4 and Figure 2 of Wasay & Idreos (ICLR 2021). What the paper leaves open, when one
design beats another and what "beyond" means on a finite grid, is fixed here:

- In a cell (budget p, epoch e) the ensemble's and the single network's test errors are paired by
  seed. The cell's verdict follows from the paired t interval of the differences.
- A cell is beyond the threshold if the verdict is "ensemble" in every cell with a budget >= p and
  an epoch >= e. So one early crossing that is later lost is no threshold.
- The threshold is the lower-left boundary of that region, a staircase: for each budget the
  smallest epoch beyond it.
- Cells that are undecided, or holes, leave room: where they too are counted as the ensemble's, the
  boundary lies as low as it still may. Between the two lies the answer. The smallest budgets leave
  no room where no such network exists for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.statistics import CONFIDENCE
from ensemble_switchover.analysis.switchover.verdict import GridCell, Verdict, judge_cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.statistics import Interval
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid


class ThresholdOutcome(Enum):
    """What the grid says of the switchover."""

    FOUND = "found"
    """At least one cell is beyond the threshold."""
    NOT_WITHIN = "not_within"
    """At the largest budget and last epoch the single network is still better."""
    UNDECIDED = "undecided"
    """At the largest budget and last epoch the seeds do not tell."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The switchover of one ensemble class, and the grid that it was read from."""

    ensemble_class: DesignClassName
    k: int
    """Number of members."""
    budgets: tuple[int, ...]
    """Trainable parameters, ascending."""
    epochs: tuple[int, ...]
    cells: tuple[tuple[GridCell, ...], ...] = field(repr=False)
    """One tuple per budget, one cell per epoch."""
    boundary_epochs: tuple[int | None, ...]
    """For each budget the smallest epoch beyond the threshold, or None."""
    outcome: ThresholdOutcome
    budget: int | None
    """The smallest budget, in parameters, that is beyond the threshold at the last epoch."""
    epoch: int | None
    """The smallest epoch beyond the threshold at that budget."""
    earliest_budget: int | None
    """The smallest budget that is not ruled out at the last epoch; None if all are."""
    earliest_epoch: int | None
    """The smallest epoch that is not ruled out at `budget`; None where there is no `budget`."""
    confidence: float
    margin: float
    """By how many percentage points the ensemble has to be better."""

    @property
    def num_pool_cells(self) -> int:
        """Number of cells that pools of members judge."""
        return sum(cell.by_pools for column in self.cells for cell in column)

    @property
    def interval_name(self) -> str:
        """What its intervals are, in the plural."""
        judged = [cell for column in self.cells for cell in column if _is_filled(cell)]
        num_pooled = sum(cell.by_pools for cell in judged)
        if not num_pooled:
            return "t intervals over seeds"
        if num_pooled == len(judged):
            return "intervals over pools of members"
        return f"intervals over pools of members in {num_pooled} of {len(judged)} cells, over seeds"

    @property
    def last_cell(self) -> GridCell:
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


def find_threshold(
    grid: ErrorGrid,
    ensemble_class: DesignClassName,
    confidence: float = CONFIDENCE,
    margin: float = 0.0,
    pools: Mapping[tuple[int, int], Interval] | None = None,
    num_too_small: int = 0,
) -> Threshold:
    """Find the switchover of one ensemble class.

    Args:
        grid: The test errors of one comparison.
        ensemble_class: `deq` or `weq`.
        confidence: Confidence of each cell's interval.
        margin: By how many percentage points the ensemble has to be better.
        pools: Cells that pools of members judge, as `pool_intervals` has them; seeds the others.
        num_too_small: For so many of the smallest budgets no such network exists.

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
                margin,
                (pools or {}).get((column, row)),
            )
            for row in rows
        )
        for column in columns
    )
    budgets = tuple(budget.parameters for budget in grid.budgets)
    certain = find_boundary(budgets, _mark(cells, {Verdict.ENSEMBLE}))
    not_lost = _mark(cells, set(Verdict) - {Verdict.SINGLE})
    not_lost[:num_too_small] = False
    possible = find_boundary(budgets, not_lost)
    first = _first_budget(certain)
    earliest = _first_budget(possible)
    outcome = ThresholdOutcome.UNDECIDED
    if first is not None:
        outcome = ThresholdOutcome.FOUND
    elif cells[-1][-1].verdict is Verdict.SINGLE:
        outcome = ThresholdOutcome.NOT_WITHIN
    epochs_at = [None if row is None else grid.epochs[row] for row in certain]
    earliest_row = None if first is None else possible[first]
    return Threshold(
        ensemble_class=ensemble_class,
        k=grid.k,
        budgets=budgets,
        epochs=grid.epochs,
        cells=cells,
        boundary_epochs=tuple(epochs_at),
        outcome=outcome,
        budget=None if first is None else budgets[first],
        epoch=None if first is None else epochs_at[first],
        earliest_budget=None if earliest is None else budgets[earliest],
        earliest_epoch=None if earliest_row is None else grid.epochs[earliest_row],
        confidence=confidence,
        margin=margin,
    )


def find_boundary(budgets: Sequence[int], wins: NDArray[np.bool_]) -> list[int | None]:
    """Return, for each budget, the index of the first epoch beyond the threshold, or None.

    Args:
        budgets: Parameters of each column; columns of equal budgets bound each other.
        wins: Whether the ensemble dominates, `(budgets, epochs)`.

    An ensemble that leads early at the small budget and loses the lead is not beyond:

    >>> find_boundary([1, 2], np.array([[True, True, False], [False, True, True]]))
    [None, 1]
    """
    lasting = np.logical_and.accumulate(wins[:, ::-1], axis=1)[:, ::-1]
    parameters = np.asarray(budgets)
    boundary: list[int | None] = []
    for budget in budgets:
        beyond = lasting[parameters >= budget].all(axis=0)
        boundary.append(int(beyond.argmax()) if beyond.any() else None)
    return boundary


def _mark(cells: Sequence[Sequence[GridCell]], verdicts: set[Verdict]) -> NDArray[np.bool_]:
    return np.array([[cell.verdict in verdicts for cell in column] for column in cells])


def _first_budget(boundary: Sequence[int | None]) -> int | None:
    return next((column for column, row in enumerate(boundary) if row is not None), None)


def _is_filled(cell: GridCell) -> bool:
    return cell.verdict is not Verdict.HOLE
