"""What of the grid is measured, and what that decides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.switchover.verdict import Verdict

if TYPE_CHECKING:
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName
    from ensemble_switchover.analysis.switchover.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the answer for one ensemble class rests on."""

    ensemble_class: DesignClassName
    num_budgets: int
    num_compared: int
    """Budgets at which the ensemble and the single network both have a run."""
    fewest_pairs: int
    most_pairs: int
    """Paired seeds of a budget that is compared; 0 where none is."""
    num_epochs: int
    num_cells: dict[str, int]
    """Verdict -> number of cells, every verdict named."""

    @property
    def share_decided(self) -> float:
        """The share of all cells in which the seeds decide, for whichever design."""
        decided = self.num_cells["ensemble"] + self.num_cells["single"]
        return decided / (self.num_budgets * self.num_epochs)


def measure_coverage(threshold: Threshold) -> Coverage:
    """Count what of the grid is measured and decided."""
    verdicts = Counter(cell.verdict for column in threshold.cells for cell in column)
    fewest, most = threshold.pair_counts or (0, 0)
    return Coverage(
        ensemble_class=threshold.ensemble_class,
        num_budgets=len(threshold.budgets),
        num_compared=len(threshold.budgets) - threshold.num_holes,
        fewest_pairs=fewest,
        most_pairs=most,
        num_epochs=len(threshold.epochs),
        num_cells={verdict.value: verdicts[verdict] for verdict in Verdict},
    )
