"""Peak memory of training by design class (the paper's Figures 8 and H)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.design_table import DEVICE_MEMORY
from ensemble_switchover.machine.units import MEBIBYTE
from ensemble_switchover.reporting.figures.bar_figure import draw_bar_figure
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration, keep_most_common

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_memory(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the peak memory of training: that of the device or, on a CPU, of the process.

    Args:
        numbers: A frame from `memory_series` with at least one row.
        texts: Title and conditions.
    """
    (kind,) = set(numbers["memory_kind"])
    of_what = "of the device's allocator"
    if kind != DEVICE_MEMORY:
        of_what = "resident in the whole process, libraries included"
    return draw_bar_figure(
        numbers,
        "peak_bytes",
        "Peak memory, MiB",
        f"Peak memory {of_what}",
        texts,
        1.0 / MEBIBYTE,
    )


MEMORY_FIGURE = FigureDeclaration(
    position=170,
    name="figure_8_memory",
    paper="Figures 8 and H",
    caption="peak memory of training.",
    by_condition=True,
    numbers=lambda finding: series.memory_series(keep_most_common(finding.runs, "memory_kind")),
    draw=lambda numbers, _, texts: draw_memory(numbers, texts),
)
