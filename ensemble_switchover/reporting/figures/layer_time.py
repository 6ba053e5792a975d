"""Time per layer, and the number of layers (the paper's Figure E)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.bars import draw_bars
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


def draw_layer_time(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the two factors of a training pass: time per layer and number of layers.

    Args:
        numbers: A frame from `layer_time_series`.
        texts: Title and conditions.
    """
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 4.6)
        upper = figure.add_axes((0.11, 0.535, 0.86, 0.29))
        lower = figure.add_axes((0.11, 0.19, 0.86, 0.27))
        draw_bars(upper, numbers, "layer_ms")
        draw_bars(lower, numbers, "total_depth")
        upper.set_ylabel("Time per layer, ms")
        upper.tick_params(labelbottom=False)
        lower.set_ylabel("Layers, all members")
        lower.set_xlabel("Parameter budget")
        place_legend(upper)
        shows = "Training pass of a batch = time per layer × number of layers"  # noqa: RUF001
        write_around(figure, 0.11, texts.title, shows, texts.conditions)
        return figure


LAYER_TIME_FIGURE = FigureDeclaration(
    position=130,
    name="figure_e_layer_time",
    paper="Figure E",
    caption="time of a training pass per layer, and the number of layers.",
    by_condition=True,
    numbers=lambda finding: series.layer_time_series(finding.runs),
    draw=lambda numbers, _, texts: draw_layer_time(numbers, texts),
)
