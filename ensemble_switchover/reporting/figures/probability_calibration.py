"""Calibration of the predicted probabilities by design class; not in the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

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
    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_calibration(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the expected calibration error and the negative log-likelihood against the budget.

    Args:
        numbers: A frame from `calibration_series`.
        texts: Title and conditions.
    """
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 4.6)
        upper = figure.add_axes((0.1, 0.535, 0.87, 0.29))
        lower = figure.add_axes((0.1, 0.19, 0.87, 0.28))
        for axes, column, label in (
            (upper, "ece", "ECE (15 bins)"),
            (lower, "nll_nats", "NLL, nats"),
        ):
            draw_curves(axes, numbers, column)
            axes.set_ylim(bottom=0)
            axes.set_ylabel(label)
        upper.tick_params(labelbottom=False)
        place_legend(upper)
        lower.set_xlabel("Parameter budget")
        shows = "Calibration error and negative log-likelihood after the last epoch: mean ± std"
        write_around(figure, 0.1, texts.title, shows, texts.conditions)
        return figure


CALIBRATION_FIGURE = FigureDeclaration(
    position=60,
    name="calibration",
    caption="Expected calibration error and negative log-likelihood after the last epoch.",
    numbers=lambda finding: series.calibration_series(finding.runs),
    draw=lambda numbers, _, texts: draw_calibration(numbers, texts),
)
