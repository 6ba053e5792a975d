"""Curves of one quantity against the parameter budget, one for each design class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.reporting.figures.bars import budget_of
from ensemble_switchover.reporting.figures.budget_axis import label_budgets, shift_class
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    LINE_STYLES,
    MARKERS,
    reach_of_bars,
)

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes


def draw_curves(axes: Axes, numbers: pl.DataFrame, column: str, *, dotted: bool = False) -> None:
    """Draw the means of a column with sample standard deviations as error bars.

    Args:
        axes: The panel.
        numbers: One row per design, with `<column>_mean` and `<column>_std`.
        column: The drawn column; nulls are left out.
        dotted: Draw hollow markers on a dotted line, next to the solid curve of the class.
    """
    counts = sorted(numbers["budget_parameters"].unique().to_list())
    for name in DESIGN_CLASSES:
        rows = numbers.filter(numbers["design_class"] == name).drop_nulls(f"{column}_mean")
        if rows.is_empty():
            continue
        ordered = sorted(rows.to_dicts(), key=budget_of)
        shift = shift_class(counts, name)
        means = [row[f"{column}_mean"] for row in ordered]
        highest = 100.0 if "percent" in column else math.inf
        axes.errorbar(
            [row["budget_parameters"] * shift for row in ordered],
            means,
            yerr=reach_of_bars(means, [row[f"{column}_std"] for row in ordered], highest),
            color=COLOURS[name],
            linestyle=":" if dotted else LINE_STYLES[name],
            linewidth=1.3 if dotted else 1.8,
            marker=MARKERS[name],
            markersize=5.5 if dotted else 6.5,
            markeredgewidth=0.8,
            markerfacecolor="white" if dotted else COLOURS[name],
            markeredgecolor=COLOURS[name] if dotted else "white",
            elinewidth=1.1,
            capsize=2,
            label=f"{name}, mean member" if dotted else name,
            zorder=3,
        )
    label_budgets(axes, counts)
