"""How much of its budget each design spends; the paper has no such figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.bar_figure import draw_bar_figure
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration
from ensemble_switchover.reporting.figures.style import INK

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_budget_fill(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the share of the budget that all members' parameters take.

    Args:
        numbers: What `fill_series` returns.
        texts: Title and conditions.
    """
    figure = draw_bar_figure(
        numbers,
        "budget_fill",
        "Budget fill, %",
        "Parameters of all members, as a share of the budget",
        texts,
        100.0,
    )
    (axes,) = figure.axes
    axes.axhline(100.0, color=INK, linewidth=0.9, zorder=3)
    return figure


BUDGET_FILL_FIGURE = FigureDeclaration(
    position=40,
    name="budget_fill",
    caption="The share of its budget that each design spends.",
    numbers=lambda finding: series.fill_series(finding.runs),
    draw=lambda numbers, _, texts: draw_budget_fill(numbers, texts),
)
