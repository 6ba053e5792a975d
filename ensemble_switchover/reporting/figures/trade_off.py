"""Error against cost, with the Pareto front over all designs; not in the paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.container import ErrorbarContainer
from matplotlib.transforms import Bbox

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.design_table import DEVICE_MEMORY
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.machine.units import MEBIBYTE
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration, keep_most_common
from ensemble_switchover.reporting.figures.label_places import place_labels
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    GRID_INK,
    INK,
    MARKERS,
    RC,
    WIDTH_INCHES,
    label_logarithms,
    label_parameters,
    new_figure,
    place_legend,
    reach_of_bars,
    write_around,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts

_MARKER = 5.0
"""Half the width of a marker in pixels."""


@dataclass(frozen=True, slots=True)
class CostAxis:
    """The cost on the horizontal axis."""

    column: str
    label: str
    """Label of the axis with its unit."""
    scale: float = 1.0
    """Factor that converts the column to the unit of the axis."""


TRAINING_TIME = CostAxis("steady_training_seconds_mean", "Training time of the whole run, s")
INFERENCE_TIME = CostAxis("latency_ms_per_image_mean", "Inference time per image, ms")
MEMORY = CostAxis("peak_bytes", "Peak memory of training, MiB", 1.0 / MEBIBYTE)


def draw_trade_off(
    numbers: pl.DataFrame, cost: CostAxis, measure: str, texts: FigureTexts
) -> Figure:
    """Draw every design as a point, and the Pareto front.

    Args:
        numbers: A frame from `trade_off_series` with at least one row.
        cost: The cost on the horizontal axis.
        measure: Name of the error, `test error` or `validation error`.
        texts: Title and conditions.
    """
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 4.2)
        axes = figure.add_axes((0.1, 0.205, 0.87, 0.555))
        for name in DESIGN_CLASSES:
            rows = numbers.filter(numbers["design_class"] == name)
            if not rows.is_empty():
                means = rows["error_percent_mean"].to_list()
                axes.errorbar(
                    (cost.scale * rows[cost.column]).to_list(),
                    means,
                    yerr=reach_of_bars(means, rows["error_percent_std"].to_list(), 100.0),
                    linestyle="none",
                    marker=MARKERS[name],
                    markersize=6.5,
                    color=COLOURS[name],
                    markeredgecolor="white",
                    markeredgewidth=0.8,
                    elinewidth=0.9,
                    label=name,
                    zorder=3,
                )
        scale_costs(axes, numbers[cost.column].to_list())
        axes.set_ylim(bottom=0)
        axes.margins(x=0.08)
        axes.set_xlabel(cost.label)
        axes.set_ylabel(f"{measure.capitalize()}, %")
        axes.grid(color=GRID_INK, linewidth=0.8, zorder=0)
        axes.set_axisbelow(True)
        draw_front(axes, numbers.filter(numbers["on_front"]), cost)
        place_legend(axes)
        shows = f"{measure.capitalize()} (mean ± std) against cost; the front is labelled by budget"
        write_around(figure, 0.1, texts.title, shows, texts.conditions)
        return figure


def scale_costs(axes: Axes, costs: Sequence[float]) -> None:
    """Give the horizontal axis a logarithmic scale where costs differ more than tenfold."""
    if min(costs) > 0 and max(costs) > 10 * min(costs):
        axes.set_xscale("log")
        label_logarithms(axes.xaxis)


def draw_front(axes: Axes, front: pl.DataFrame, cost: CostAxis) -> None:
    """Draw the Pareto front as steps, and label its designs by budget.

    Args:
        axes: The panel, with its designs and its final limits.
        front: The designs on the front, cheapest first.
        cost: The cost on the horizontal axis.
    """
    xs = (cost.scale * front[cost.column]).to_list()
    ys = front["error_percent_mean"].to_list()
    axes.step(xs, ys, where="post", color=INK, linewidth=1.1, label="Pareto front", zorder=2)
    labels = label_parameters(front["budget_parameters"].to_list())
    place_labels(axes, [*zip(xs, ys, labels, strict=True)], _obstacles(axes))


def _obstacles(axes: Axes) -> list[Bbox]:
    """Return what labels must not cover, in pixels: markers with their bars, and the front."""
    found = []
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            points, _, (bars,) = container.lines
            middles = axes.transData.transform(np.asarray(points.get_xydata()))
            found += [
                Bbox.from_extents(x - _MARKER, y - _MARKER, x + _MARKER, y + _MARKER)
                for x, y in middles.tolist()
            ]
            for bar in bars.get_segments():
                ends = axes.transData.transform(np.asarray(bar))
                (left, bottom), (right, top) = ends.min(axis=0), ends.max(axis=0)
                found.append(Bbox.from_extents(left - 1, bottom, right + 1, top))
    return found


def _declaration(
    position: int,
    what: str,
    cost: CostAxis,
    keep: Callable[[pl.DataFrame], pl.DataFrame],
    costs: Callable[[pl.DataFrame], pl.DataFrame],
) -> FigureDeclaration:
    """Declare the error against a cost.

    Args:
        position: Order on the page.
        what: Name of the cost.
        cost: The column and its axis.
        keep: Returns the runs whose costs can be compared.
        costs: Returns the rows that have the cost.
    """

    def numbers(finding: Finding) -> pl.DataFrame:
        runs = keep(finding.runs)
        return series.trade_off_series(costs(runs), cost.column, runs)

    return FigureDeclaration(
        position=position,
        name=f"error_against_{what.replace(' ', '_')}",
        caption=f"{{Measure}} against {what}, with the Pareto front over all designs.",
        by_condition=True,
        numbers=numbers,
        draw=lambda rows, finding, texts: draw_trade_off(rows, cost, finding.measure, texts),
    )


TRAINING_TIME_TRADE_OFF = _declaration(
    140, "training time", TRAINING_TIME, lambda runs: runs, series.training_time_series
)
INFERENCE_TIME_TRADE_OFF = _declaration(
    160,
    "inference time",
    INFERENCE_TIME,
    lambda runs: keep_most_common(runs, "latency_batch_size"),
    series.latency_series,
)
MEMORY_TRADE_OFF = _declaration(
    180,
    "memory",
    MEMORY,
    # The memory of a whole process is not a cost of the design.
    lambda runs: keep_most_common(runs, "memory_kind").filter(
        pl.col("memory_kind") == DEVICE_MEMORY
    ),
    series.memory_series,
)
