"""The logarithmic axis of parameter budgets in figures of curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator, NullLocator

from ensemble_switchover.reporting.figures.style import (
    GRID_INK,
    RC,
    label_parameters,
    points_of,
    width_of_longest,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName

_MAX_LABELS = 9
_SIZE = float(RC["font.size"])
_OFFSETS: dict[DesignClassName, int] = {"single": -1, "deq": 0, "weq": 1}


def label_budgets(axes: Axes, counts: Sequence[int]) -> None:
    """Make the horizontal axis logarithmic in parameters, with labels at the budgets.

    Args:
        axes: The panel.
        counts: Parameters of the budgets, ascending.
    """
    axes.set_xscale("log")
    labels = label_parameters(counts)
    margin = _reach(counts) ** 0.04
    share = width_of_longest(labels, _SIZE) / points_of(axes)[0]
    reach = counts[-1] / counts[0] * margin**2
    shown = readable_ticks(counts, reach, max(share, 1 / _MAX_LABELS))
    axes.xaxis.set_major_locator(FixedLocator([counts[index] for index in shown]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([counts[index] for index in shown], [labels[index] for index in shown])
    axes.set_xlim(counts[0] / margin, counts[-1] * margin)
    axes.grid(axis="y", color=GRID_INK, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)


def shift_class(counts: Sequence[int], design_class: DesignClassName) -> float:
    """Return the factor by which a class is shifted so that its error bars stay visible."""
    return float(_reach(counts) ** (0.006 * _OFFSETS[design_class]))


def _reach(counts: Sequence[int]) -> float:
    """Return the ratio that the axis spans, at least 2 so that a single budget has an axis too."""
    return max(2.0, counts[-1] / counts[0])


def readable_ticks(
    counts: Sequence[int], reach: float | None = None, share: float = 1 / _MAX_LABELS
) -> list[int]:
    """Choose the indices of numbers whose labels do not overlap on a logarithmic axis.

    Args:
        counts: Numbers, ascending.
        reach: Ratio of the ends of the axis; by default that of the numbers.
        share: Share of the axis that a label takes.
    """
    smallest_ratio = (counts[-1] / counts[0] if reach is None else reach) ** share
    shown = [0]
    for index in range(1, len(counts)):
        if (
            counts[index] >= counts[shown[-1]] * smallest_ratio
            and counts[index] > counts[shown[-1]]
        ):
            shown.append(index)
    return shown
