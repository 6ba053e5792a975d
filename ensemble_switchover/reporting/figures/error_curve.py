"""The error, or what is compared, against the budget by design class (Figures 3 and A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

from ensemble_switchover.analysis.statistics import sample_mean, sample_std
from ensemble_switchover.analysis.switchover import grid_series
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES, ENSEMBLE_CLASSES
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.reporting.figures.budget_axis import label_budgets, shift_class
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    FAINT_INK,
    LINE_STYLES,
    MARKERS,
    RC,
    WIDTH_INCHES,
    new_figure,
    place_legend,
    reach_of_bars,
    write_around,
)
from ensemble_switchover.results.quality_metrics import capitalised

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_error_curve(grid: ErrorGrid, measure: str, texts: FigureTexts) -> Figure:
    """Draw the error, or what is compared, after the last common epoch against the budget.

    Lines are means over the seeds, error bars are sample standard deviations (for two or more
    seeds), and faint points are single seeds. The lower panel shows the budget fill, since an
    ensemble that leaves a third of its budget unused is not on equal terms.

    Args:
        grid: The errors of one comparison.
        measure: Name of what is compared, such as `test error`.
        texts: Title and conditions.
    """
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 4.6)
        has_ensembles = any(grid.has(name) for name in ENSEMBLE_CLASSES)
        height = 0.455 if has_ensembles else 0.645
        axes = figure.add_axes((0.1, 0.835 - height, 0.87, height))
        for design_class in DESIGN_CLASSES:
            _draw_class(axes, grid, design_class)
        if grid.metric.lower_is_better:
            axes.set_ylim(bottom=0)
        axes.set_ylabel(f"{capitalised(measure)}, {grid.metric.unit.symbol}")
        place_legend(axes)
        lowest = axes
        if has_ensembles:
            axes.tick_params(labelbottom=False)
            lowest = figure.add_axes((0.1, 0.195, 0.87, 0.14), sharex=axes)
            _draw_fills(lowest, grid)
        label_budgets(axes, [budget.parameters for budget in grid.budgets])
        lowest.set_xlabel("Parameter budget")
        after = f"after epoch {grid.epochs[-1]}"
        shows = f"{capitalised(measure)} {after}: mean ± std, and each seed"
        if grid.left_out:
            shows += f" ({count(len(grid.left_out), 'collapsed run')} left out)"
        write_around(figure, 0.1, texts.title, shows, texts.conditions)
        return figure


def _draw_class(axes: Axes, grid: ErrorGrid, design_class: DesignClassName) -> None:
    last = len(grid.epochs) - 1
    shown = [
        (budget.parameters, [grid.metric.shown(error) for error in errors.values()])
        for column, budget in enumerate(grid.budgets)
        if (errors := grid.errors(design_class, column, last))
    ]
    if not shown:
        return
    shift = 1.0
    if any(grid.has(name) for name in ENSEMBLE_CLASSES):
        shift = shift_class([budget.parameters for budget in grid.budgets], design_class)
    positions = [parameters * shift for parameters, _ in shown]
    colour = COLOURS[design_class]
    means = [sample_mean(errors) for _, errors in shown]
    axes.errorbar(
        positions,
        means,
        yerr=reach_of_bars(
            means, [sample_std(errors) for _, errors in shown], grid.metric.unit.largest
        ),
        color=colour,
        linestyle=LINE_STYLES[design_class],
        linewidth=1.8,
        marker=MARKERS[design_class],
        markersize=6.5,
        markeredgecolor="white",
        markeredgewidth=0.8,
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
    axes.set_ylabel("Budget fill, %")


ERROR_CURVE_FIGURE = FigureDeclaration(
    position=30,
    name="figure_3_{compared}",
    first_position=10,
    paper="Figures 3, A, I, J and L",
    caption="{compared} after epoch {last_epoch} against the parameter budget by design class, "
    "and the ensembles' budget fill.",
    numbers=lambda finding: grid_series.error_series(finding.grid),
    draw=lambda _, finding, texts: draw_error_curve(finding.grid, finding.compared, texts),
)
