"""Error against the mean cost of inference, of whole ensembles and of their cascades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import polars as pl

from ensemble_switchover.analysis.cascade.inference_answers import (
    WHOLE,
    list_answers,
    mark_front,
    summarise_answers,
)
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration, keep_most_common
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    GRID_INK,
    LINE_STYLES,
    MARKERS,
    RC,
    WIDTH_INCHES,
    new_figure,
    place_legend,
    reach_of_bars,
    write_around,
)
from ensemble_switchover.reporting.figures.trade_off import CostAxis, draw_front, scale_costs

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts

SHOWN_RULE = "confidence"
"""The exit rule of the cascades in the figures; the table has both."""
FLOPS = CostAxis("flops_per_image_mean", "Mean cost of an image, million operations", 1e-6)
MILLISECONDS = CostAxis(
    "ms_per_image_mean", "Mean time of an image, ms (of cascades predicted by the members asked)"
)


def early_exit_numbers(runs: pl.DataFrame, cascades: pl.DataFrame, cost: str) -> pl.DataFrame:
    """Return what answers in each design with its mean error and cost, cheapest first.

    Args:
        runs: Rows of `tabulate_runs`.
        cascades: `RunCascades.table`.
        cost: `flops_per_image` or `ms_per_image`.

    Returns:
        No rows where no run has a cascade.
    """
    answers = list_answers(runs, cascades)
    shown = answers.filter(pl.col("answered_by").is_in([WHOLE, SHOWN_RULE]))
    numbers = mark_front(summarise_answers(shown), cost)
    has_cascades = bool((numbers["answered_by"] == SHOWN_RULE).any())
    return numbers if has_cascades else numbers.clear()


def draw_early_exit(
    numbers: pl.DataFrame, curves: pl.DataFrame, cost: CostAxis, measure: str, texts: FigureTexts
) -> Figure:
    """Draw every design as a filled point, its cascade as a hollow one, and the Pareto front.

    A thin line leads over all thresholds from the first member alone to the whole ensemble.

    Args:
        numbers: A frame from `early_exit_numbers` with at least one row.
        curves: A frame from `mean_curves`, of the same designs.
        cost: The cost on the horizontal axis.
        measure: Name of the error, `test error` or `validation error`.
        texts: Title and conditions.
    """
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 4.2)
        axes = figure.add_axes((0.1, 0.205, 0.87, 0.555))
        for is_whole in (True, False):
            for name in DESIGN_CLASSES:
                rows = numbers.filter(
                    pl.col("design_class") == name, (pl.col("answered_by") == WHOLE) == is_whole
                )
                if not rows.is_empty():
                    _draw_points(axes, rows, cost, name, is_whole=is_whole)
        scale_costs(axes, numbers[cost.column].to_list())
        axes.set_ylim(0, 1.12 * axes.get_ylim()[1])
        axes.margins(x=0.08)
        axes.set_xlim(axes.get_xlim())
        for name, members, errors, unit in curves.iter_rows():
            axes.plot(
                [cost.scale * unit * asked for asked in members],
                errors,
                color=COLOURS[name],
                linestyle=LINE_STYLES[name],
                linewidth=0.7,
                alpha=0.45,
                zorder=1,
            )
        axes.set_xlabel(cost.label)
        axes.set_ylabel(f"{measure.capitalize()}, %")
        axes.grid(color=GRID_INK, linewidth=0.8, zorder=0)
        axes.set_axisbelow(True)
        draw_front(axes, numbers.filter(numbers["on_front"]), cost)
        place_legend(axes, spelled=False)
        shows = (
            f"{measure.capitalize()} (mean ± std) against the mean cost of inference; hollow: the "
            "cheapest cascade"
        )
        write_around(figure, 0.1, texts.title, shows, texts.conditions)
        return figure


def _draw_points(
    axes: Axes, rows: pl.DataFrame, cost: CostAxis, name: str, *, is_whole: bool
) -> None:
    means = rows["error_percent_mean"].to_list()
    colour = COLOURS[name]  # type: ignore[index] # a design class
    axes.errorbar(
        (cost.scale * rows[cost.column]).to_list(),
        means,
        yerr=reach_of_bars(means, rows["error_percent_std"].to_list(), 100.0),
        linestyle="none",
        marker=MARKERS[name],  # type: ignore[index]
        markersize=6.5,
        color=colour,
        markerfacecolor=colour if is_whole else "white",
        markeredgecolor="white" if is_whole else colour,
        markeredgewidth=0.8 if is_whole else 1.3,
        elinewidth=0.9,
        label=name if is_whole else f"{name}, early exit",
        zorder=3 if is_whole else 4,
    )


def mean_curves(runs: pl.DataFrame, cascades: pl.DataFrame, unit: pl.Expr) -> pl.DataFrame:
    """Return the mean over the seeds of what designs' cascades do at each threshold.

    Args:
        runs: Rows of `tabulate_runs`.
        cascades: `RunCascades.table`.
        unit: Cost of one member.

    Returns:
        A frame of design class, members asked, error in percent (both lists), and the unit; one row
        for each design.
    """
    shown = cascades.filter(pl.col("rule") == SHOWN_RULE).select(
        "study", "name", "curve_mean_members", "curve_error_percent"
    )
    keys = ("budget_parameters", "budget_depth", "budget_width", "design_class", "k")
    points = (
        runs.filter(~pl.col("left_out"))
        .select("study", "name", *keys, unit=unit)
        .drop_nulls("unit")
        .join(shown, on=("study", "name"), how="inner")
        .with_columns(step=pl.int_ranges(pl.col("curve_error_percent").list.len()))
        .explode("curve_mean_members", "curve_error_percent", "step")
        .group_by(*keys, "step", maintain_order=True)
        .agg(pl.col("curve_mean_members", "curve_error_percent", "unit").mean())
    )
    return (
        points.group_by(keys, maintain_order=True)
        .agg(pl.col("curve_mean_members", "curve_error_percent"), pl.col("unit").first())
        .select("design_class", "curve_mean_members", "curve_error_percent", "unit")
    )


def _declaration(
    position: int,
    name: str,
    what: str,
    cost: CostAxis,
    unit: pl.Expr,
    keep: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    by_condition: bool,
) -> FigureDeclaration:
    """Declare the figure of one kind of cost; `keep` returns the runs whose costs compare."""

    def draw(numbers: pl.DataFrame, finding: Finding, texts: FigureTexts) -> Figure:
        curves = mean_curves(keep(finding.runs), finding.cascades.table, unit)
        return draw_early_exit(numbers, curves, cost, finding.measure, texts)

    return FigureDeclaration(
        position=position,
        name=name,
        caption=f"{{Measure}} against {what}: whole ensembles, the cheapest cascade of each within "
        "0.1 points of its error (hollow; exit by confidence), the cascades at all thresholds "
        "(thin lines), and the Pareto front over all.",
        by_condition=by_condition,
        of_early_exit=not by_condition,
        numbers=lambda finding: early_exit_numbers(
            keep(finding.runs), finding.cascades.table, cost.column.removesuffix("_mean")
        ),
        draw=draw,
    )


FLOPS_TRADE_OFF = _declaration(
    10,
    "error_against_inference_operations",
    "the mean floating-point operations of inference",
    FLOPS,
    pl.col("member_flops"),
    lambda runs: runs,
    by_condition=False,
)
EARLY_EXIT_TIME_TRADE_OFF = _declaration(
    165,
    "error_against_mean_inference_time",
    "the mean time of inference, of cascades the whole ensemble's by the share of members asked",
    MILLISECONDS,
    pl.col("latency_ms_per_image") / pl.col("k"),
    lambda runs: keep_most_common(runs, "latency_batch_size"),
    by_condition=True,
)
