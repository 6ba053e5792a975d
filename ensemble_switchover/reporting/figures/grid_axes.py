"""The axes of budgets and epochs that the maps share, and the boundary of the switchover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.transforms import offset_copy

from ensemble_switchover.reporting.figures.style import (
    HOLE_INK,
    INK,
    LINE_STYLES,
    label_parameters,
    points_of,
    width_of_longest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.threshold import Threshold

_MAX_LABELS = 10
LABEL_SIZE = 7.5
"""Size of the letters of a column's label in points."""
HOLE_FACE: dict[str, Any] = {
    "facecolor": "white",
    "edgecolor": HOLE_INK,
    "hatch": "..",
    "linewidth": 0,
}


def draw_boundary(figure: Figure, axes: Axes, threshold: Threshold) -> None:
    """Draw the lower-left boundary of the region beyond the threshold, if there is one."""
    rows = {epoch: row for row, epoch in enumerate(threshold.epochs)}
    top = len(threshold.epochs) - 0.5
    xs: list[float] = []
    ys: list[float] = []
    for column, epoch in enumerate(threshold.boundary_epochs):
        if epoch is None:
            continue
        if not xs:
            xs.append(column - 0.5)
            ys.append(top)
        xs += [column - 0.5, column + 0.5]
        ys += [rows[epoch] - 0.5] * 2
    if not xs:
        return
    # Where both boundaries coincide, the second is drawn just inside the first.
    shift = 0.0 if threshold.ensemble_class == "deq" else 2.8
    shifted = offset_copy(axes.transData, figure, shift, shift, units="points")
    for colour, width, style in (
        ("white", 5.2, "-"),
        (INK, 2.4, LINE_STYLES[threshold.ensemble_class]),
    ):
        axes.plot(
            xs,
            ys,
            color=colour,
            linewidth=width,
            linestyle=style,
            transform=shifted,
            solid_joinstyle="miter",
            solid_capstyle="butt",
            zorder=4,
        )


def boundary_handles(thresholds: Mapping[DesignClassName, Threshold]) -> list[Artist]:
    """Return the entries of the legend for the switchovers that were found."""
    return [
        Line2D([], [], color=INK, linewidth=2.4, linestyle=LINE_STYLES[n], label=f"{n} switchover")
        for n, threshold in thresholds.items()
        if threshold.budget is not None
    ]


def label_axes(axes: Axes, grid: ErrorGrid, max_labels: int = _MAX_LABELS) -> None:
    """Label a column for each budget and a row for each epoch, separated by white lines.

    Args:
        axes: The panel.
        grid: The errors that the panel shows.
        max_labels: Largest number of budgets with a label.
    """
    num_columns, num_rows = len(grid.budgets), len(grid.epochs)
    axes.set_xlim(-0.5, num_columns - 0.5)
    axes.set_ylim(-0.5, num_rows - 0.5)
    # A grid of minor ticks would take most of the drawing time, so lines are drawn as collections.
    right, top = num_columns - 0.5, num_rows - 0.5
    if num_rows <= 40:
        rows_between = [row + 0.5 for row in range(num_rows - 1)]
        axes.hlines(rows_between, -0.5, right, colors="white", linewidth=0.6, zorder=2)
    columns_between = [column + 0.5 for column in range(num_columns - 1)]
    axes.vlines(columns_between, -0.5, top, colors="white", linewidth=1.4, zorder=2.5)
    step = max(1, -(-num_rows // 10))
    # The first row has no label if the second has one, since they would touch.
    rows = [row for row in range(num_rows) if (row + 1) % step == 0 or (row == 0 and step > 2)]
    axes.set_yticks(rows, [str(grid.epochs[row]) for row in rows])
    axes.set_ylabel("Training epochs")
    labels = label_parameters([budget.parameters for budget in grid.budgets])
    columns = labelled_columns(axes, labels, max_labels)
    axes.set_xticks(columns, [labels[column] for column in columns], size=LABEL_SIZE)
    axes.tick_params(which="both", length=0, pad=3.5)
    for spine in axes.spines.values():
        spine.set_visible(False)


def labelled_columns(
    axes: Axes, labels: Sequence[str], max_labels: int = _MAX_LABELS, size: float = LABEL_SIZE
) -> list[int]:
    """Return the indices of the columns with a label, so many that labels do not touch.

    Args:
        axes: The panel, with columns of equal width.
        labels: The label of every column.
        max_labels: Largest number of labels.
        size: Size of their letters in points.
    """
    fitting = max(1, int(points_of(axes)[0] / width_of_longest(labels, size)))
    most = min(max_labels, fitting)
    return list(range(0, len(labels), max(1, -(-len(labels) // most))))
