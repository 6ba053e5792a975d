"""What one cell of the heat map shows: the winner, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.error_grid import DESIGN_CLASSES, ENSEMBLE_CLASSES
from ensemble_switchover.analysis.threshold import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.analysis.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.threshold import Threshold


@dataclass(frozen=True, slots=True)
class CellFace:
    """What one cell of the heat map shows."""

    winner: DesignClassName | None
    """The class of the lowest mean test error; None where there is nothing to compare."""
    decided: bool
    """True if the seeds decide between the winner and its rival."""
    both_ensembles_win: bool
    """True if the mean of both ensembles lies below the single network's."""


def face_cell(
    grid: ErrorGrid,
    thresholds: Mapping[DesignClassName, Threshold],
    column: int,
    row: int,
) -> CellFace:
    """Decide what a cell shows.

    The rival of an ensemble that wins is the single network; the rival of a single network that
    wins is the better of the ensembles. Of equal means the single network is shown, undecided.

    Args:
        grid: The test errors.
        thresholds: The verdicts of each ensemble class that the grid has.
        column: Index of the budget.
        row: Index of the epoch.
    """
    means = {
        design_class: mean
        for design_class in DESIGN_CLASSES
        if (mean := grid.mean_error(design_class, column, row)) is not None
    }
    ensembles = [name for name in ENSEMBLE_CLASSES if name in means]
    if "single" not in means or not ensembles:
        return CellFace(None, decided=False, both_ensembles_win=False)
    winner = min(means, key=lambda name: means[name])
    best_ensemble = min(ensembles, key=lambda name: means[name])
    wanted = Verdict.SINGLE if winner == "single" else Verdict.ENSEMBLE
    verdict = thresholds[best_ensemble].cells[column][row].verdict
    both = len(ensembles) == len(ENSEMBLE_CLASSES)
    return CellFace(
        winner,
        decided=verdict is wanted,
        both_ensembles_win=both and all(means[name] < means["single"] for name in ensembles),
    )
