"""The switchover against the number of members (what the paper's Figures 4 and B are about)."""

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
    """Draw where ensembles of each size switch over.

    Args:
        numbers: One of the frames of `switchovers_by_k`.
        texts: Title and conditions.
    """
    names = [str(k) for k in dict.fromkeys(numbers["k"].to_list())]
    steps = TrendAxis("k", names, "Members k")
    shows = "Smallest budget beyond the switchover after the last epoch, and how low it may lie"
    return draw_switchover_trend(numbers, steps, shows, texts)


SWITCHOVER_BY_K_TREND = TrendDeclaration(
    position=10,
    name="switchover_by_k",
    title="{setting}",
    caption="The switchover against the number of members: {title}.",
    frames=switchovers_by_k,
    draw=draw_switchover_by_k,
)
