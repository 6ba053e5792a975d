"""Time until an ensemble reaches its single network's error (the paper's Figures 5, D and K)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.bar_figure import draw_bar_figure
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_time_to_accuracy(numbers: pl.DataFrame, measure: str, texts: FigureTexts) -> Figure:
    """Draw the training seconds to the lowest error of the single network of the same budget.

    A cross replaces the bar if not every seed reaches it.

    Args:
        numbers: A frame from `accuracy_time_series`.
        measure: Name of the error, `test error` or `validation error`.
        texts: Title and conditions.
    """
    return draw_bar_figure(
        numbers,
        "time_to_accuracy_seconds",
        "Training time, s",
        f"Training time to the single network's lowest {measure}; ×: not reached by every seed",  # noqa: RUF001
        texts,
    )


TIME_TO_ACCURACY_FIGURE = FigureDeclaration(
    position=110,
    name="figure_5_time_to_accuracy",
    paper="Figures 5, D and K",
    caption="training time until a design reaches the error of its single network.",
    by_condition=True,
    numbers=lambda finding: series.accuracy_time_series(finding.runs),
    draw=lambda numbers, finding, texts: draw_time_to_accuracy(numbers, finding.measure, texts),
)
