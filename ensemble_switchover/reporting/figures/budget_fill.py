"""The share of its budget that each design uses; not in the paper."""

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
    """Draw the parameters of all members as a share of the budget.

    Args:
        numbers: A frame from `fill_series`.
        texts: Title and conditions.
    """
    figure = draw_bar_figure(
        numbers,
        "budget_fill",
        "Budget fill, %",
        "Parameters of all members as a share of the budget",
        texts,
        100.0,
    )
    (axes,) = figure.axes
    axes.axhline(100.0, color=INK, linewidth=0.9, zorder=3)
    return figure


BUDGET_FILL_FIGURE = FigureDeclaration(
    position=40,
    name="budget_fill",
    caption="The share of its budget that each design uses.",
    numbers=lambda finding: series.fill_series(finding.runs),
    draw=lambda numbers, _, texts: draw_budget_fill(numbers, texts),
)
