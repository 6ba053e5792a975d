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

SMALLEST_SPREAD = 0.05
"""Share of the largest peak of a process by which peaks have to differ to be drawn: runs of one
design differ by a few percent."""


def draw_memory(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the peak memory of training: that of the device or, on a CPU, of the process.

    The part of a device's peak that images took which lay there is pale.

    Args:
        numbers: A frame from `memory_series` with at least one row.
        texts: Title and conditions.
    """
    (kind,) = set(numbers["memory_kind"])
    beside = "peak_device_beside_images_bytes"
    of_what = "resident in the whole process, libraries and images included"
    if kind == DEVICE_MEMORY:
        on_device = (numbers[beside] < numbers["peak_bytes"]).any()
        where = "pale: images that lie on the device" if on_device else "the images lie on the host"
        of_what = f"of the device's allocator; {where}"
    return draw_bar_figure(
        numbers,
        "peak_bytes",
        "Peak memory, MiB",
        f"Peak memory {of_what}",
        texts,
        1.0 / MEBIBYTE,
        beside,
    )


def say_memory(numbers: pl.DataFrame) -> str | None:
    """Say that all designs take the same memory, where it is that of a process and says no more.

    Args:
        numbers: A frame from `memory_series` with at least one row.
    """
    least, most = (float(getattr(numbers["peak_bytes"], end)()) for end in ("min", "max"))
    is_of_device = DEVICE_MEMORY in set(numbers["memory_kind"])
    if is_of_device or numbers.height < 2 or most - least > SMALLEST_SPREAD * most:
        return None
    told = dict.fromkeys(f"{value / MEBIBYTE:,.0f}" for value in (least, most))
    return (
        f"Peak memory of training is {' to '.join(told)} MiB for every design: that of the whole "
        "process, libraries and images included, beside which the designs make no difference."
    )


MEMORY_FIGURE = FigureDeclaration(
    position=170,
    name="figure_8_memory",
    paper="Figures 8 and H",
    caption="peak memory of training. On a GPU, images that lie there are the pale part of each "
    "bar, the same for every design; without them, the memory is what a GPU needs that is handed "
    "its images batch by batch. On a CPU it is the memory of the whole process, of which the "
    "images cannot be told apart.",
    by_condition=True,
    in_words=say_memory,
    numbers=lambda finding: series.memory_series(keep_most_common(finding.runs, "memory_kind")),
    draw=lambda numbers, _, texts: draw_memory(numbers, texts),
)
