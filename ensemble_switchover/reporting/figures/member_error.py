"""The error of the ensemble and the mean error of its members (the paper's Figure C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import polars as pl

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.curves import draw_curves
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration
from ensemble_switchover.reporting.figures.style import (
    RC,
    WIDTH_INCHES,
    new_figure,
    place_legend,
    write_around,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_member_error(numbers: pl.DataFrame, measure: str, texts: FigureTexts) -> Figure:
    """Draw the error of each class against the budget, with the mean of its members dotted.

    Args:
        numbers: A frame from `member_error_series`.
        measure: Name of the error, `test error` or `validation error`.
        texts: Title and conditions.
    """
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 4.2)
        axes = figure.add_axes((0.1, 0.205, 0.87, 0.555))
        draw_curves(axes, numbers, "error_percent")
        members = numbers.filter(pl.col("k") > 1)
        draw_curves(axes, members, "mean_member_error_percent", dotted=True)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(f"{measure.capitalize()}, %")
        axes.set_xlabel("Parameter budget")
        place_legend(axes, spelled=False)
        shows = f"{measure.capitalize()} of the ensemble, and mean over its members (dotted)"
        write_around(figure, 0.1, texts.title, shows, texts.conditions)
        return figure


MEMBER_ERROR_FIGURE = FigureDeclaration(
    position=50,
    name="figure_c_member_error",
    paper="Figure C",
    caption="{measure} of the ensembles, and the mean over their members.",
    numbers=lambda finding: series.member_error_series(
        finding.runs if finding.comparison.k > 1 else finding.runs.clear()
    ),
    draw=lambda numbers, finding, texts: draw_member_error(numbers, finding.measure, texts),
)
