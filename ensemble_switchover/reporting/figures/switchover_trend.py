"""The budget of the switchover in a series of comparisons, with the range in which it lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from ensemble_switchover.analysis.switchover.error_grid import ENSEMBLE_CLASSES, DesignClassName
from ensemble_switchover.reporting.figures.budget_axis import readable_ticks
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    GRID_INK,
    INK,
    LINE_STYLES,
    MARKERS,
    RC,
    WIDTH_INCHES,
    label_parameters,
    new_figure,
    place_legend,
    wrap_footer,
    write_around,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts

_HEIGHT, _BELOW, _PANEL = 274.0, 64.0, 141.0
"""Heights in points: of the figure, of the texts below the panel, and of the panel."""
_SHIFTS: dict[DesignClassName, float] = {"single": 0.0, "deq": -0.06, "weq": 0.06}


@dataclass(frozen=True, slots=True)
class TrendAxis:
    """The horizontal axis of a trend."""

    column: str
    """The column that orders the steps, such as `k`."""
    names: Sequence[str]
    """The label of each step, in order."""
    label: str


def draw_switchover_trend(
    numbers: pl.DataFrame, steps: TrendAxis, shows: str, texts: FigureTexts
) -> Figure:
    """Draw the switchover of each ensemble class at each step.

    A filled marker is the smallest budget beyond the switchover; the line below it reaches down to
    the smallest budget that is not ruled out. A hollow marker with an arrow means that no
    switchover was found. It stands at the largest budget if all are ruled out, or else at the
    smallest budget that is not.

    Args:
        numbers: Rows of `tabulate_switchovers`, in the order of the steps.
        steps: The horizontal axis.
        shows: What the figure shows, in one line.
        texts: Title and conditions.
    """
    with mpl.rc_context(RC):
        num_lines = max(name.count("\n") for name in steps.names)
        more = 9.0 * (num_lines + max(0, len(wrap_footer(texts.conditions, 0.11)) - 2))
        height = _HEIGHT + more
        figure = new_figure(WIDTH_INCHES, height / 72.0)
        axes = figure.add_axes((0.11, (_BELOW + more) / height, 0.86, _PANEL / height))
        keys = list(dict.fromkeys(numbers[steps.column].to_list()))
        for name in ENSEMBLE_CLASSES:
            rows = numbers.filter(numbers["ensemble_class"] == name)
            if not rows.is_empty():
                _draw_class(axes, rows, name, [keys.index(key) for key in rows[steps.column]])
        axes.set_yscale("log")
        _label_parameters(axes, numbers)
        axes.set_xticks(range(len(keys)), list(steps.names), size=7.5)
        axes.set_xlim(-0.5, len(keys) - 0.5)
        axes.set_xlabel(steps.label)
        axes.set_ylabel("Switchover, parameters")
        axes.grid(axis="y", color=GRID_INK, linewidth=0.8, zorder=0)
        axes.set_axisbelow(True)
        place_legend(axes, _legend_handles(axes, numbers))
        write_around(figure, 0.11, texts.title, shows, texts.conditions)
        return figure


def _draw_class(
    axes: Axes, rows: pl.DataFrame, name: DesignClassName, positions: Sequence[int]
) -> None:
    colour, shift = COLOURS[name], _SHIFTS[name]
    found: list[tuple[float, float]] = []
    for position, row in zip(positions, rows.to_dicts(), strict=True):
        x, at = position + shift, row["switchover_parameters"]
        earliest = row["earliest_parameters"]
        if at is not None:
            found.append((x, at))
            axes.plot([x, x], [earliest, at], color=colour, linewidth=3.5, alpha=0.45, zorder=2)
            continue
        found.append((x, math.nan))  # the line is interrupted where no switchover was found
        lowest = row["above_parameters"] if earliest is None else earliest
        axes.annotate(
            "",
            (x, lowest),
            (0, 22),
            textcoords="offset points",
            arrowprops={"arrowstyle": "<|-", "color": colour, "linewidth": 1.2},
        )
        axes.plot(x, lowest, MARKERS[name], markerfacecolor="white", color=colour, zorder=3)
    axes.plot(
        [x for x, _ in found],
        [at for _, at in found],
        color=colour,
        linestyle=LINE_STYLES[name],
        linewidth=1.5,
        marker=MARKERS[name],
        markersize=6.5,
        label=name,
        zorder=3,
    )


def _legend_handles(axes: Axes, numbers: pl.DataFrame) -> list[Artist]:
    handles: list[Artist] = [line for line in axes.lines if line.get_label() in ENSEMBLE_CLASSES]
    if numbers["switchover_parameters"].null_count():
        label = "not found: higher or undecided"
        handles.append(
            Line2D([], [], color=INK, linestyle="none", marker="o", mfc="white", label=label)
        )
    return handles


def _label_parameters(axes: Axes, numbers: pl.DataFrame) -> None:
    columns = ("above_parameters", "earliest_parameters", "switchover_parameters")
    counts = sorted({v for column in columns for v in numbers[column].drop_nulls() if v > 0})
    below, above = 1.6, 1.9
    axes.set_ylim(counts[0] / below, counts[-1] * above)
    labels = label_parameters(counts)
    shown = readable_ticks(counts, below * above * counts[-1] / counts[0])
    axes.set_yticks([counts[index] for index in shown], [labels[index] for index in shown])
    axes.yaxis.set_minor_locator(NullLocator())
