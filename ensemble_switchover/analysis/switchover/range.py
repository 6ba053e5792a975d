"""The range of budgets in which the switchover lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.threshold import Threshold


@dataclass(frozen=True, slots=True)
class SwitchoverRange:
    """The range of the switchover in parameters: `above < switchover <= at`."""

    above: float
    """The largest budget that is ruled out; 0 if none is."""
    earliest: float
    """The smallest budget that is not ruled out; infinite if all are."""
    at: float
    """The smallest budget beyond the switchover; infinite if none is."""
    is_compared: bool
    """False if the grid has no pair of ensemble and single network."""

    def __str__(self) -> str:
        """Describe the range."""
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
    """Return the range of the switchover at the last epoch."""
    is_compared = threshold.seed_counts is not None
    return find_range(threshold.budgets, threshold.earliest_budget, threshold.budget, is_compared)


def find_range(
    budgets: Sequence[int], earliest: int | None, at: int | None, is_compared: bool = True
) -> SwitchoverRange:
    """Return the range that follows from what is ruled out and what is shown.

    Args:
        budgets: Parameters of all budgets.
        earliest: The smallest that is not ruled out; None if all are.
        at: The smallest beyond the switchover; None if none is.
        is_compared: Whether any budget has a pair of ensemble and single network.
    """
    ruled_out = [budget for budget in budgets if earliest is None or budget < earliest]
    return SwitchoverRange(
        above=max(ruled_out, default=0),
        earliest=math.inf if earliest is None else earliest,
        at=math.inf if at is None else at,
        is_compared=is_compared,
    )


def data_complexity(finding: Finding) -> float | None:
    """Return the complexity of the data: the test error in percent of the largest single network.

    It is the mean over the seeds after the last epoch; None if there is no single network.
    """
    grid = finding.errors
    for column in reversed(range(len(grid.budgets))):
        error = grid.mean_error("single", column, len(grid.epochs) - 1)
        if error is not None:
            return error
    return None
