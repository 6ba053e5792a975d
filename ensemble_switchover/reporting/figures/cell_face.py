"""What a cell of the heat map shows: the winning class, and whether the seeds decide it."""

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
    """What a cell of the heat map shows."""

    winner: DesignClassName | None
    """The class with the lowest mean error; None if there is nothing to compare."""
    decided: bool
    """True if the seeds decide between the winner and its rivals."""
    both_ensembles_win: bool
    """True if the mean errors of both ensembles lie below that of the single network."""


def face_cell(
    grid: ErrorGrid,
    thresholds: Mapping[DesignClassName, Threshold],
    column: int,
    row: int,
) -> CellFace:
    """Return what a cell of the heat map shows.

    The rival of a winning ensemble is the single network; the rivals of a winning single network
    are both ensembles. If the means are equal, the single network is shown as undecided.

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
