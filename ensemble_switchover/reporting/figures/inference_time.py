"""Inference time per image by design class (the paper's Figures 7 and G)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.bar_figure import draw_bar_figure
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration, keep_most_common

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_inference_time(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the inference time per image in milliseconds, all members together, at one batch size.

    Args:
        numbers: A frame from `latency_series` with at least one row.
        texts: Title and conditions.
    """
    (size,) = set(numbers["latency_batch_size"])
    return draw_bar_figure(
        numbers,
        "latency_ms_per_image",
        "Time per image, ms",
        f"Inference time per image in batches of {size}: mean of medians ± std over the seeds",
        texts,
    )


INFERENCE_TIME_FIGURE = FigureDeclaration(
    position=150,
    name="figure_7_inference_time",
    paper="Figures 7 and G",
    caption="inference time per image.",
    by_condition=True,
    numbers=lambda finding: series.latency_series(
        keep_most_common(finding.runs, "latency_batch_size")
    ),
    draw=lambda numbers, _, texts: draw_inference_time(numbers, texts),
)
