"""Bars of one quantity: the design classes side by side at each budget, as in the paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.collections import PolyCollection
from matplotlib.ticker import MaxNLocator

from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.reporting.figures.grid_axes import labelled_columns
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    FAINT_INK,
    GRID_INK,
    INK,
    RC,
    label_logarithms,
    label_parameters,
    points_of,
    reach_of_bars,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from matplotlib.axes import Axes

    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName

_GROUP_WIDTH = 0.8
_LOGARITHMIC_FROM = 30.0
"""Ratio of the largest to the smallest bar from which on the axis is logarithmic."""

_PALENESS = 0.65
"""Share of white over the pale part of a bar."""

_NOTE_POINTS = 8.5
"""Least width of a bar in points at which the letters above its cross do not touch others."""

NOTE_COLUMN = "missing_note"
"""Column with a few words for each cross, written above it; it need not exist."""


def draw_bars(
    axes: Axes,
    numbers: pl.DataFrame,
    column: str,
    scale: float = 1.0,
    pale_from: str | None = None,
) -> None:
    """Draw a group of bars for each budget, with one bar for each design class.

    Args:
        axes: The panel.
        numbers: One row per design, with `LEADING_COLUMNS`.
        column: The drawn column: `<column>_mean` with `<column>_std` if these exist, else `column`.
            A null is drawn as a cross instead of a bar, with what `NOTE_COLUMN` says above it.
        scale: Factor that converts the values to the unit of the axis.
        pale_from: Column with the value from which on a bar is pale; null for a bar that is not.
    """
    budgets = sorted({budget_of(row) for row in numbers.to_dicts()})
    shown = [name for name in DESIGN_CLASSES if name in set(numbers["design_class"])]
    mean = column if column in numbers.columns else f"{column}_mean"
    values = numbers[mean].drop_nulls().to_list()
    is_logarithmic = (
        bool(values) and min(values) > 0 and max(values) > _LOGARITHMIC_FROM * min(values)
    )
    if is_logarithmic:
        axes.set_yscale("log")
        label_logarithms(axes.yaxis)
    width = _GROUP_WIDTH / len(shown)
    for number, name in enumerate(shown):
        rows = numbers.filter(numbers["design_class"] == name).to_dicts()
        shift = (number - (len(shown) - 1) / 2) * width
        positions = [budgets.index(budget_of(row)) + shift for row in rows]
        heights = [math.nan if row[mean] is None else scale * row[mean] for row in rows]
        spreads = [scale * (row.get(f"{column}_std") or 0.0) for row in rows]
        _draw_class(axes, name, positions, heights, spreads, 0.46 * width)
        if pale_from is not None:
            from_values = [row[pale_from] for row in rows]
            starts = [math.nan if value is None else scale * value for value in from_values]
            _draw_pale(axes, name, positions, starts, heights, 0.46 * width)
        room = points_of(axes)[0] * width / (len(budgets) + 0.2)
        notes = [row.get(NOTE_COLUMN, "") for row in rows]
        _draw_crosses(axes, positions, heights, notes if room >= _NOTE_POINTS else None)
    axes.autoscale_view()
    _label(axes, budgets, is_logarithmic)


def _draw_class(
    axes: Axes,
    name: DesignClassName,
    positions: Sequence[float],
    heights: Sequence[float],
    spreads: Sequence[float],
    half: float,
) -> None:
    # One collection draws faster than one patch per bar.
    bars = [
        [(x - half, 0.0), (x - half, height), (x + half, height), (x + half, 0.0)]
        for x, height in zip(positions, heights, strict=True)
    ]
    collection = PolyCollection(
        bars, facecolor=COLOURS[name], edgecolor=INK, linewidth=0.4, label=name, zorder=2
    )
    axes.add_collection(collection)
    if any(spreads):
        reach = reach_of_bars(heights, spreads)
        axes.errorbar(positions, heights, reach, fmt="none", elinewidth=0.9, ecolor=INK, zorder=2)


def _draw_pale(
    axes: Axes,
    name: DesignClassName,
    positions: Sequence[float],
    starts: Sequence[float],
    heights: Sequence[float],
    half: float,
) -> None:
    """Make the bars of a class pale from a height on; the label is not in the legend."""
    parts = [
        [(x - half, start), (x - half, height), (x + half, height), (x + half, start)]
        for x, start, height in zip(positions, starts, heights, strict=True)
        if start < height  # false for what is no number
    ]
    collection = PolyCollection(
        parts,
        facecolor=(1.0, 1.0, 1.0, _PALENESS),
        edgecolor=INK,
        linewidth=0.4,
        label=f"_pale {name}",
        zorder=2.1,
    )
    axes.add_collection(collection)


def _draw_crosses(
    axes: Axes, positions: Sequence[float], heights: Sequence[float], notes: Sequence[str] | None
) -> None:
    """Mark missing bars, with a note above each; without notes, there is no room for letters."""
    base = axes.get_xaxis_transform()
    if notes is None:
        missing = [p for p, height in zip(positions, heights, strict=True) if math.isnan(height)]
        heights_of_marks = [0.03] * len(missing)
        axes.plot(missing, heights_of_marks, "x", color=INK, markersize=3, transform=base)
        return
    text: dict[str, Any] = {"xycoords": base, "ha": "center", "va": "bottom", "color": INK}
    for position, height, note in zip(positions, heights, notes, strict=True):
        if math.isnan(height):
            axes.annotate("×", (position, 0.0), size=9, **text)  # noqa: RUF001
            if note:
                axes.annotate(note, (position, 0.085), size=7.5, rotation=90, **text)


def budget_of(row: dict[str, int]) -> tuple[int, int, int]:
    """Return the budget of a row: parameters, depth and width of its single network."""
    return row["budget_parameters"], row["budget_depth"], row["budget_width"]


def _label(axes: Axes, budgets: list[tuple[int, int, int]], is_logarithmic: bool) -> None:
    labels = label_parameters([parameters for parameters, _, _ in budgets])
    columns = labelled_columns(axes, labels, size=float(RC["font.size"]))
    axes.set_xticks(columns, [labels[column] for column in columns])
    axes.set_xlim(-0.6, max(len(budgets), 2) - 0.4)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color=GRID_INK, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    if not is_logarithmic:
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.spines["bottom"].set_color(FAINT_INK)
