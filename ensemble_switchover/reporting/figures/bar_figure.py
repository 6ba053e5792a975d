"""The layout of the bar figures: one panel with title, axes and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl

from ensemble_switchover.reporting.figures.bars import draw_bars
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


@dataclass(frozen=True, slots=True)
class FigureTexts:
    """The texts around a figure."""

    title: str
    """The comparison, such as `resnet on digits, k = 4`."""
    conditions: str
    """Seeds, source of the designs, device, execution and precision."""


def draw_bar_figure(
    numbers: pl.DataFrame,
    column: str,
    label: str,
    shows: str,
    texts: FigureTexts,
    scale: float = 1.0,
    pale_from: str | None = None,
) -> Figure:
    """Draw one panel of bars.

    Args:
        numbers: One row per design.
        column: The drawn column, as in `draw_bars`.
        label: Label of the vertical axis with its unit.
        shows: What the figure shows, in one line.
        texts: Title and conditions.
        scale: Factor that converts the values to the unit of the axis.
        pale_from: Column with the value from which on a bar is pale, as in `draw_bars`.
    """
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 3.5)
        axes = figure.add_axes((0.11, 0.24, 0.86, 0.525))
        draw_bars(axes, numbers, column, scale, pale_from)
        axes.set_ylabel(label)
        axes.set_xlabel("Parameter budget")
        place_legend(axes)
        write_around(figure, 0.11, texts.title, shows, texts.conditions)
        return figure
