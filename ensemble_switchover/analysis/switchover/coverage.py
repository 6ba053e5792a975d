"""How much of the grid is measured and decided."""

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
    """The evidence behind the switchover of one ensemble class."""

    ensemble_class: DesignClassName
    num_budgets: int
    num_compared: int
    """Number of budgets at which the ensemble and the single network both have a run."""
    fewest_seeds: int
    """Fewest seeds of a compared design; 0 if none is compared."""
    most_seeds: int
    """Most seeds of a compared design; 0 if none is compared."""
    num_epochs: int
    num_cells: dict[str, int]
    """Every verdict -> number of cells with it."""


def measure_coverage(threshold: Threshold) -> Coverage:
    """Count the measured budgets, seeds and cells of a grid."""
    verdicts = Counter(cell.verdict for column in threshold.cells for cell in column)
    fewest, most = threshold.seed_counts or (0, 0)
    return Coverage(
        ensemble_class=threshold.ensemble_class,
        num_budgets=len(threshold.budgets),
        num_compared=len(threshold.budgets) - threshold.num_holes,
        fewest_seeds=fewest,
        most_seeds=most,
        num_epochs=len(threshold.epochs),
        num_cells={verdict.value: verdicts[verdict] for verdict in Verdict},
    )
