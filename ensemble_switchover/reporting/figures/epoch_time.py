"""Training time per epoch by design class (the paper's Figures 6 and F)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.bar_figure import draw_bar_figure
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_epoch_time(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the training seconds per epoch, all members together.

    Args:
        numbers: A frame from `epoch_time_series`.
        texts: Title and conditions.
    """
    return draw_bar_figure(
        numbers,
        "epoch_seconds",
        "Time per epoch, s",
        "Training time per epoch, all members: mean ± std over the seeds",
        texts,
    )


EPOCH_TIME_FIGURE = FigureDeclaration(
    position=120,
    name="figure_6_epoch_time",
    paper="Figures 6 and F",
    caption="training time per epoch.",
    by_condition=True,
    numbers=lambda finding: series.epoch_time_series(finding.runs),
    draw=lambda numbers, _, texts: draw_epoch_time(numbers, texts),
)
