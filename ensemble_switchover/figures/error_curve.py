"""The error against the parameter budget by design class (the paper's Figures 3 and A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.ticker import FixedLocator, NullLocator

from ensemble_switchover.analysis.error_grid import DESIGN_CLASSES, ENSEMBLE_CLASSES
from ensemble_switchover.analysis.statistics import sample_mean, sample_std
from ensemble_switchover.figures.style import (
    COLOURS,
    FAINT_INK,
    LINE_STYLES,
    MARKERS,
    RC,
    label_parameters,
    new_figure,
    write_around,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.error_grid import DesignClassName, ErrorGrid

_MAX_LABELS = 9


def draw_error_curve(grid: ErrorGrid, measure: str, title: str, conditions: str) -> Figure:
    """Draw the error after the last common epoch against the budget.

    Lines are means over the seeds, bars the sample standard deviation (where there are two seeds
    or more), faint points the seeds. The lower panel shows how much of the budget each ensemble
    fills, since an ensemble that leaves a third of it unused is not on equal terms.

    Args:
        grid: The errors of one comparison.
        measure: What the error is called, `test error` or `validation error`.
        title: What is compared, such as `resnet on digits, k = 4`.
        conditions: One line: seeds, device, execution.
    """
    with mpl.rc_context(RC):
        figure = new_figure(8.0, 5.6)
        has_ensembles = any(grid.has(name) for name in ENSEMBLE_CLASSES)
        height = 0.455 if has_ensembles else 0.645
        axes = figure.add_axes((0.09, 0.84 - height, 0.86, height))
        for number, design_class in enumerate(DESIGN_CLASSES):
            _draw_class(axes, grid, design_class, number - 1)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(f"{measure.capitalize()}, %")
        axes.legend(loc="upper right", ncols=3, bbox_to_anchor=(1.0, 1.13), borderaxespad=0)
        lowest = axes
        if has_ensembles:
            axes.tick_params(labelbottom=False)
            lowest = figure.add_axes((0.09, 0.195, 0.86, 0.14), sharex=axes)
            _draw_fills(lowest, grid)
        _label_budgets(axes, grid)
        lowest.set_xlabel("Parameter budget")
        after = f"after epoch {grid.epochs[-1]}"
        shows = f"{measure.capitalize()} {after}: mean ± std, and each seed"
        write_around(figure, 0.09, title, shows, conditions)
        return figure


def _draw_class(axes: Axes, grid: ErrorGrid, design_class: DesignClassName, place: int) -> None:
    last = len(grid.epochs) - 1
    shown = [
        (budget.parameters, list(grid.errors(design_class, column, last).values()))
        for column, budget in enumerate(grid.budgets)
        if (design_class, column) in grid.curves
    ]
    if not shown:
        return
    # The classes stand side by side, so that the bars of equal budgets do not hide one another.
    shift = _reach(grid) ** (0.006 * place)
    positions = [parameters * shift for parameters, _ in shown]
    colour = COLOURS[design_class]
    axes.errorbar(
        positions,
        [sample_mean(errors) for _, errors in shown],
        yerr=[sample_std(errors) or 0.0 for _, errors in shown],
        color=colour,
        linestyle=LINE_STYLES[design_class],
        linewidth=2.0,
        marker=MARKERS[design_class],
        markersize=6.5,
        markeredgecolor="white",
        elinewidth=1.3,
        capsize=3,
        label=design_class,
        zorder=3,
    )
    axes.plot(
        [position for position, (_, errors) in zip(positions, shown, strict=True) for _ in errors],
        [error for _, errors in shown for error in errors],
        linestyle="none",
        marker=MARKERS[design_class],
        markersize=3.6,
        color=colour,
        alpha=0.45,
        markeredgewidth=0,
        zorder=2,
    )


def _draw_fills(axes: Axes, grid: ErrorGrid) -> None:
    axes.axhline(100, color=FAINT_INK, linewidth=0.8)
    highest = 100.0
    for name in ENSEMBLE_CLASSES:
        fills = [
            (budget.parameters, 100 * grid.designs[name, column].budget_fill)
            for column, budget in enumerate(grid.budgets)
            if (name, column) in grid.designs
        ]
        highest = max([highest, *(fill for _, fill in fills)])
        axes.plot(
            [parameters for parameters, _ in fills],
            [fill for _, fill in fills],
            color=COLOURS[name],
            linestyle=LINE_STYLES[name],
            linewidth=1.4,
            marker=MARKERS[name],
            markersize=4.5,
            markeredgecolor="white",
        )
    axes.set_ylim(0, 1.12 * highest)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("Budget fill, %", size=8)
    axes.tick_params(axis="y", labelsize=8)


def _label_budgets(axes: Axes, grid: ErrorGrid) -> None:
    counts = [budget.parameters for budget in grid.budgets]
    axes.set_xscale("log")
    labels = label_parameters(counts)
    shown = _spread_out(counts)
    axes.xaxis.set_major_locator(FixedLocator([counts[index] for index in shown]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([counts[index] for index in shown], [labels[index] for index in shown])
    margin = _reach(grid) ** 0.04
    axes.set_xlim(counts[0] / margin, counts[-1] * margin)
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)


def _reach(grid: ErrorGrid) -> float:
    """The ratio that the logarithmic axis spans; at least 2, so that one budget has an axis too."""
    return max(2.0, grid.budgets[-1].parameters / grid.budgets[0].parameters)


def _spread_out(counts: Sequence[int]) -> list[int]:
    """Choose budgets whose labels do not collide on a logarithmic axis."""
    smallest_ratio = (counts[-1] / counts[0]) ** (1 / _MAX_LABELS)
    shown = [0]
    for index in range(1, len(counts)):
        if (
            counts[index] >= counts[shown[-1]] * smallest_ratio
            and counts[index] > counts[shown[-1]]
        ):
            shown.append(index)
    return shown
