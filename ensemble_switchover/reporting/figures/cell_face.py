"""What one cell of the heat map shows: the winner, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES, ENSEMBLE_CLASSES
from ensemble_switchover.analysis.switchover.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.threshold import Threshold


@dataclass(frozen=True, slots=True)
class CellFace:
    """What one cell of the heat map shows."""

    winner: DesignClassName | None
    """The class of the lowest mean error; None where there is nothing to compare."""
    decided: bool
    """True if the seeds decide between the winner and its rivals: single and ensembles."""
    both_ensembles_win: bool
    """True if the mean of both ensembles lies below the single network's."""


def face_cell(
    grid: ErrorGrid,
    thresholds: Mapping[DesignClassName, Threshold],
    column: int,
    row: int,
) -> CellFace:
    """Decide what a cell shows.

    The rival of an ensemble that wins is the single network; the rivals of a single network that
    wins are both ensembles. Of equal means the single network is shown, undecided.

    Args:
        grid: The errors of one comparison.
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
    verdicts = {name: thresholds[name].cells[column][row].verdict for name in ensembles}
    if winner == "single":
        decided = all(verdict is Verdict.SINGLE for verdict in verdicts.values())
    else:
        decided = verdicts[winner] is Verdict.ENSEMBLE
    both = len(ensembles) == len(ENSEMBLE_CLASSES)
    return CellFace(
        winner,
        decided=decided,
        both_ensembles_win=both and all(means[name] < means["single"] for name in ensembles),
    )
