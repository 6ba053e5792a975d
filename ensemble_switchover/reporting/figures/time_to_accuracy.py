"""Time until an ensemble reaches its single network's error (the paper's Figures 5, D and K)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.bar_figure import draw_bar_figure
from ensemble_switchover.reporting.figures.bars import NOTE_COLUMN
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_time_to_accuracy(numbers: pl.DataFrame, measure: str, texts: FigureTexts) -> Figure:
    """Draw the training seconds to the common target of each budget.

    A cross replaces the bar if not every seed reaches it, with the number of seeds that do.

    Args:
        numbers: A frame from `accuracy_time_series`.
        measure: Name of the error, `test error` or `validation error`.
        texts: Title and conditions.
    """
    reached, compared = (pl.col(f"num_seeds_{kind}_common") for kind in ("reached", "compared"))
    return draw_bar_figure(
        numbers.with_columns(pl.format("{} of {}", reached, compared).alias(NOTE_COLUMN)),
        "time_to_common_target_seconds",
        "Training time, s",
        f"Training time to the single networks' lowest {measure}; ×: not reached by every seed",  # noqa: RUF001
        texts,
    )


TIME_TO_ACCURACY_FIGURE = FigureDeclaration(
    position=110,
    name="figure_5_time_to_accuracy",
    paper="Figures 5, D and K",
    caption="training time until a design first has the lowest {measure} of the single networks of "
    "its budget, the mean over their seeds; a single network's time is that to its own lowest. A "
    "cross replaces the bar of a design of which not every seed gets there, with the number that "
    "do where there is room. The numbers also have the times to the lowest {measure} of the same "
    "seed's single network (time_to_accuracy_seconds).",
    by_condition=True,
    numbers=lambda finding: series.accuracy_time_series(finding.runs),
    draw=lambda numbers, finding, texts: draw_time_to_accuracy(numbers, finding.measure, texts),
)
