"""The switchover against the number of members (compare the paper's Figures 4 and B)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.switchover.across_comparisons import switchovers_by_k
from ensemble_switchover.reporting.figures.declaration import TrendDeclaration
from ensemble_switchover.reporting.figures.switchover_trend import TrendAxis, draw_switchover_trend

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_switchover_by_k(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the switchover for each number of members.

    Args:
        numbers: A frame from `switchovers_by_k`.
        texts: Title and conditions.
    """
    names = [str(k) for k in dict.fromkeys(numbers["k"].to_list())]
    steps = TrendAxis("k", names, "Number of members k")
    shows = "Smallest budget beyond the switchover after the last epoch, and its lower bound"
    return draw_switchover_trend(numbers, steps, shows, texts)


SWITCHOVER_BY_K_TREND = TrendDeclaration(
    position=10,
    name="switchover_by_k",
    title="{setting}",
    caption="The switchover against the number of members: {title}. The points are not "
    "independent: every k is compared with the same single networks, and the members of ensembles "
    "of one seed have the same random numbers for every k. {interval_scope}",
    frames=switchovers_by_k,
    draw=draw_switchover_by_k,
)
