"""The Ensemble Switchover Threshold (EST): the budget and epoch from which on an ensemble wins.

Source: section 4 and Figure 2 of Wasay & Idreos (ICLR 2021). The paper does not define when one
design beats another, nor what "beyond" means on a finite grid. This module defines both:

- In a cell (budget p, epoch e) the test errors of the ensemble and of the single network are two
  independent samples over the seeds. The verdict follows from the interval of their difference
  (`analysis.decision_rule`).
- A cell is beyond the threshold if the verdict is "ensemble" in every cell with a budget >= p and
  an epoch >= e. An early lead that is lost later therefore sets no threshold.
- The threshold is the lower-left boundary of that region: for each budget the smallest epoch
  beyond it.
- Undecided cells and holes leave a range. If they are counted as wins of the ensemble, the boundary
  is as low as it can be; the true threshold lies between the two boundaries. The smallest budgets
  for which no such network exists are never counted as wins.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, INTERVAL_NAMES
from ensemble_switchover.analysis.switchover.verdict import GridCell, Verdict, judge_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.statistics import Interval
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid


class ThresholdOutcome(Enum):
    """What the grid shows about the switchover."""

    FOUND = "found"
    """At least one cell is beyond the threshold."""
    NOT_WITHIN = "not_within"
    """The single network is still better at the largest budget and last epoch."""
    UNDECIDED = "undecided"
    """The seeds do not decide the cell at the largest budget and last epoch."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The switchover of one ensemble class, with the grid that it follows from."""

    ensemble_class: DesignClassName
    k: int
    """Number of members."""
    budgets: tuple[int, ...]
    """Trainable parameters, ascending."""
    epochs: tuple[int, ...]
    """Epochs of the grid, ascending."""
    cells: tuple[tuple[GridCell, ...], ...] = field(repr=False)
    """One tuple for each budget, with one cell for each epoch."""
    boundary_epochs: tuple[int | None, ...]
    """For each budget the smallest epoch beyond the threshold, or None."""
    outcome: ThresholdOutcome
    budget: int | None
    """The smallest budget in parameters beyond the threshold at the last epoch; None if none is."""
    epoch: int | None
    """The smallest epoch beyond the threshold at `budget`; None if there is no `budget`."""
    earliest_budget: int | None
    """The smallest budget in parameters not ruled out at the last epoch; None if all are."""
    earliest_epoch: int | None
    """The smallest epoch not ruled out at `budget`; None if there is no `budget`."""
    rule: DecisionRule
    """How the errors of a cell are compared."""

    @property
    def num_pool_cells(self) -> int:
        """Number of cells that pools of members decide."""
        return sum(cell.by_pools for column in self.cells for cell in column)

    @property
    def interval_name(self) -> str:
        """What the intervals of the cells are, in the plural."""
        judged = [cell for column in self.cells for cell in column if _is_filled(cell)]
        num_pooled = sum(cell.by_pools for cell in judged)
        if not num_pooled:
            return f"{INTERVAL_NAMES[self.rule.method]}s over seeds"
        if num_pooled == len(judged):
            return "intervals over pools of members"
        pooled = f"{num_pooled} of {len(judged)} cells"
        return f"intervals over pools of members in {pooled}, over seeds in others"

    @property
    def last_cell(self) -> GridCell:
        """The cell at the largest budget and last epoch, which determines the outcome."""
        return self.cells[-1][-1]

    @property
    def seed_counts(self) -> tuple[int, int] | None:
        """Fewest and most seeds of a compared design at the last epoch; None if all are holes."""
        cells = [column[-1] for column in self.cells if _is_filled(column[-1])]
        counts = [n for c in cells for n in (c.num_ensemble_seeds, c.num_single_seeds)]
        return (min(counts), max(counts)) if counts else None

    @property
    def num_holes(self) -> int:
        """Number of budgets at which the ensemble and the single network cannot be compared."""
        return sum(not _is_filled(column[-1]) for column in self.cells)


def find_threshold(
    grid: ErrorGrid,
    ensemble_class: DesignClassName,
    rule: DecisionRule = DEFAULT_RULE,
    pools: Mapping[tuple[int, int], Interval] | None = None,
    num_too_small: int = 0,
) -> Threshold:
    """Find the switchover of one ensemble class.

    Args:
        grid: The test errors of one comparison.
        ensemble_class: `deq` or `weq`.
        rule: How the errors of a cell are compared.
        pools: Intervals of the cells that pools of members decide, from `pool_intervals`.
        num_too_small: Number of the smallest budgets for which no such network exists.

    Returns:
        The threshold, as defined at the top of this module.
    """
    cells = judge_grid(grid, ensemble_class, rule, pools)
    budgets = tuple(budget.parameters for budget in grid.budgets)
    certain = find_boundary(budgets, _mark(cells, {Verdict.ENSEMBLE}))
    not_lost = _mark(cells, set(Verdict) - {Verdict.SINGLE})
    not_lost[:num_too_small] = False
    possible = find_boundary(budgets, not_lost)
    first = first_column(certain)
    earliest = first_column(possible)
    epochs_at = [None if row is None else grid.epochs[row] for row in certain]
    earliest_row = None if first is None else possible[first]
    return Threshold(
        ensemble_class=ensemble_class,
        k=grid.k,
        budgets=budgets,
        epochs=grid.epochs,
        cells=cells,
        boundary_epochs=tuple(epochs_at),
        outcome=_outcome(first, cells[-1][-1]),
        budget=None if first is None else budgets[first],
        epoch=None if first is None else epochs_at[first],
        earliest_budget=None if earliest is None else budgets[earliest],
        earliest_epoch=None if earliest_row is None else grid.epochs[earliest_row],
        rule=rule,
    )


def judge_grid(
    grid: ErrorGrid,
    ensemble_class: DesignClassName,
    rule: DecisionRule,
    pools: Mapping[tuple[int, int], Interval] | None = None,
) -> tuple[tuple[GridCell, ...], ...]:
    """Judge every cell: one tuple for each budget, with one cell for each epoch.

    Args:
        grid: The test errors of one comparison.
        ensemble_class: `deq` or `weq`.
        rule: How the errors of a cell are compared.
        pools: Intervals of the cells that pools of members decide, from `pool_intervals`.
    """
    by_column: defaultdict[int, dict[int, Interval]] = defaultdict(dict)
    for (column, row), interval in (pools or {}).items():
        by_column[column][row] = interval
    return tuple(
        judge_cells(
            grid.seed_curves(ensemble_class, column),
            grid.seed_curves("single", column),
            len(grid.epochs),
            rule,
            by_column[column],
        )
        for column in range(len(grid.budgets))
    )


def find_boundary(budgets: Sequence[int], wins: NDArray[np.bool_]) -> list[int | None]:
    """Return, for each budget, the index of the first epoch beyond the threshold, or None.

    Args:
        budgets: Parameters of each column. Columns with equal parameters bound each other.
        wins: Whether the ensemble wins each cell, `(budgets, epochs)`.

    At the small budget the ensemble leads early but loses the lead, so nothing is beyond there:

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


def _outcome(first: int | None, last_cell: GridCell) -> ThresholdOutcome:
    if first is not None:
        return ThresholdOutcome.FOUND
    is_lost = last_cell.verdict is Verdict.SINGLE
    return ThresholdOutcome.NOT_WITHIN if is_lost else ThresholdOutcome.UNDECIDED


def _mark(cells: Sequence[Sequence[GridCell]], verdicts: set[Verdict]) -> NDArray[np.bool_]:
    return np.array([[cell.verdict in verdicts for cell in column] for column in cells])


def first_column(boundary: Sequence[int | None]) -> int | None:
    """Return the index of the smallest budget with an epoch beyond the threshold, or None."""
    return next((column for column, row in enumerate(boundary) if row is not None), None)


def _is_filled(cell: GridCell) -> bool:
    return cell.verdict is not Verdict.HOLE
