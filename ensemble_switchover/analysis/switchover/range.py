"""Between which budgets and epochs the switchover lies, as far as the records tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.threshold import Threshold


@dataclass(frozen=True, slots=True)
class SwitchoverRange:
    """Parameters between which the switchover lies: `above < switchover <= at`."""

    above: float
    """The largest budget that is ruled out; 0 if none is."""
    earliest: float
    """The smallest budget of the grid that is not ruled out; infinite if all are."""
    at: float
    """The smallest budget that is beyond it; infinite if none is."""
    is_compared: bool
    """False where the grid has no pair of the ensemble and the single network."""

    def __str__(self) -> str:
        """Write it for people."""
        if not self.is_compared:
            return "nothing to compare"
        if math.isinf(self.earliest):
            return f"above {self.above:,.0f} parameters, the largest budget"
        if math.isinf(self.at):
            return f"undecided from {self.earliest:,.0f} parameters on"
        if not self.above:
            return f"at most {self.at:,.0f} parameters"
        if self.earliest < self.at:
            return f"{self.earliest:,.0f} to {self.at:,.0f} parameters"
        return f"{self.at:,.0f} parameters"


def range_switchover(threshold: Threshold) -> SwitchoverRange:
    """Read off between which budgets the switchover lies at the last epoch."""
    earliest = threshold.earliest_budget
    ruled_out = [budget for budget in threshold.budgets if earliest is None or budget < earliest]
    return SwitchoverRange(
        above=max(ruled_out, default=0),
        earliest=math.inf if earliest is None else earliest,
        at=math.inf if threshold.budget is None else threshold.budget,
        is_compared=threshold.pair_counts is not None,
    )


def data_complexity(finding: Finding) -> float | None:
    """Return how hard the data are: the test error in percent of the largest single network.

    After the last epoch, the mean over the seeds; None where there is no such network.
    """
    grid = finding.grid
    for column in reversed(range(len(grid.budgets))):
        error = grid.mean_error("single", column, len(grid.epochs) - 1)
        if error is not None:
            return error
    return None
