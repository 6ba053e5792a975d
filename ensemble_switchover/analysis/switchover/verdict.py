"""The verdict of a cell: which design has the lower test error at one budget and epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.difference import compare_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.statistics import Interval


class Verdict(Enum):
    """Which design has the lower test error in a cell."""

    ENSEMBLE = "ensemble"
    """The interval of the difference lies wholly below 0, or below minus the margin."""
    SINGLE = "single"
    """The interval of the difference lies wholly above 0, or above minus the margin."""
    UNDECIDED = "undecided"
    """The interval contains 0, or there is none because there are too few seeds."""
    HOLE = "hole"
    """One of the two designs has no run, for example because no network is small enough."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """The comparison of an ensemble with the single network at one budget and epoch."""

    verdict: Verdict
    mean_difference: float | None
    """Mean error (or loss) of the ensemble minus that of the single network, in percentage points
    or in the unit of the metric."""
    interval: Interval | None
    """Confidence interval of the difference; None if there is none."""
    num_ensemble_seeds: int
    """Number of seeds of the ensemble with an error."""
    num_single_seeds: int
    """Number of seeds of the single network with an error."""
    by_pools: bool = False
    """True if the interval is over pools of members instead of seeds."""

    @property
    def fewest_seeds(self) -> int:
        """Number of seeds of the design that has fewer; 0 in a hole."""
        return min(self.num_ensemble_seeds, self.num_single_seeds)


HOLE_CELL = GridCell(Verdict.HOLE, None, None, 0, 0)


def judge_cells(
    ensemble: Mapping[int, Sequence[float]],
    single: Mapping[int, Sequence[float]],
    num_epochs: int,
    rule: DecisionRule = DEFAULT_RULE,
    pools: Mapping[int, Interval] | None = None,
) -> tuple[GridCell, ...]:
    """Compare the test errors of one budget after every epoch.

    Args:
        ensemble: Seed -> test errors of the ensemble in percent, one for each epoch; empty without
            a run.
        single: The same of the single network.
        num_epochs: Number of epochs.
        rule: How errors are compared.
        pools: Index of an epoch -> interval of the difference over pools of members, used instead
            of that over seeds.

    >>> single = {0: [9.0], 1: [9.5], 2: [9.4]}
    >>> [judge_cells(e, single, 1)[0].verdict.value for e in ({0: [5.0], 1: [6.0], 2: [5.5]}, {})]
    ['ensemble', 'hole']
    >>> judge_cells({0: [5.0]}, single, 1)[0].verdict.value
    'undecided'
    """
    if not ensemble or not single:
        return (HOLE_CELL,) * num_epochs
    found = compare_errors(ensemble, single, rule)
    cells = []
    for row in range(num_epochs):
        mean = float(found.mean[row])
        numbers = int(found.num_first[row]), int(found.num_second[row])
        interval = found.interval(row, rule.confidence)
        pool = (pools or {}).get(row)
        if pool is not None:
            mean, interval = pool.mean, pool
        if not all(numbers) and pool is None and rule.method != "paired_t":
            cells.append(HOLE_CELL)
            continue
        known = None if math.isnan(mean) else mean
        verdict = judge_interval(interval, rule.margin)
        cells.append(GridCell(verdict, known, interval, *numbers, by_pools=pool is not None))
    return tuple(cells)


def judge_interval(interval: Interval | None, margin: float) -> Verdict:
    """Return the verdict of an interval of ensemble minus single error, or of none.

    Args:
        interval: In percentage points.
        margin: Percentage points by which the ensemble must be better.
    """
    if interval is not None and interval.upper < -margin:
        return Verdict.ENSEMBLE
    if interval is not None and interval.lower > -margin:
        return Verdict.SINGLE
    return Verdict.UNDECIDED
