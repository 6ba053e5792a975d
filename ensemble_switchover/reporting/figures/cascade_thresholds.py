"""Error, NLL and members asked of cascades at every threshold; not in the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import polars as pl

from ensemble_switchover.analysis.switchover.error_grid import ENSEMBLE_CLASSES
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES, WHOLE_ENSEMBLE
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    GRID_INK,
    LINE_STYLES,
    RC,
    WIDTH_INCHES,
    label_parameters,
    new_figure,
    place_legend,
    write_around,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts

_CURVES = ("error_percent", "nll_nats", "mean_members")
_LABELLED = {0.0: "0", 0.5: "0.5", 0.9: "0.9", 0.99: "0.99", 0.999: "0.999", 0.9999: "0.9999"}
"""Thresholds with a label; the others of a record's curve lie between, at equal distances."""


def threshold_numbers(runs: pl.DataFrame, cascades: pl.DataFrame) -> pl.DataFrame:
    """Return what the cascades of each design do at each threshold, by both exit rules.

    Args:
        runs: Rows of `tabulate_runs`.
        cascades: `RunCascades.table`.

    Returns:
        One row for each design, exit rule and threshold: mean and sample standard deviation over
        the seeds of error, NLL and members asked. NLL is absent where no seed has it.
    """
    keys = ("budget_parameters", "budget_depth", "budget_width", "design_class", "k")
    curves = [f"curve_{name}" for name in _CURVES]
    known = pl.col("curve_nll_nats").list.len() > 0
    blank = pl.col("curve_error_percent").list.eval(pl.lit(None, dtype=pl.Float64))
    points = (
        runs.filter(~pl.col("left_out"))
        .select("study", "name", "seed", *keys)
        .join(
            cascades.select("study", "name", "rule", "curve_thresholds", *curves),
            on=("study", "name"),
            how="inner",
            maintain_order="left",
        )
        .with_columns(curve_nll_nats=pl.when(known).then("curve_nll_nats").otherwise(blank))
        .explode("curve_thresholds", *curves)
        .rename({"curve_thresholds": "threshold", **dict(zip(curves, _CURVES, strict=True))})
        .with_columns(pl.when(pl.col(_CURVES).is_finite()).then(pl.col(_CURVES)).name.keep())
    )
    seeds = points.group_by(*keys, "rule", "threshold", "seed", maintain_order=True).agg(
        pl.col(_CURVES).mean()
    )
    return seeds.group_by(*keys, "rule", "threshold", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("num_seeds"),
        *(pl.col(name).mean().alias(f"{name}_mean") for name in _CURVES),
        *(pl.col(name).std().alias(f"{name}_std") for name in _CURVES),
    )


def draw_thresholds(numbers: pl.DataFrame, measure: str, texts: FigureTexts) -> Figure:
    """Draw error, NLL and members asked against the threshold, at the largest budget.

    Args:
        numbers: A frame from `threshold_numbers` with at least one row.
        measure: Name of the error, `test error` or `validation error`.
        texts: Title and conditions.
    """
    largest = numbers.filter(pl.col("budget_parameters") == numbers["budget_parameters"].max())
    thresholds = sorted(set(largest["threshold"]))
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 5.6)
        panels = [figure.add_axes((0.1, bottom, 0.87, 0.2)) for bottom in (0.63, 0.39, 0.15)]
        labels = (f"{measure.capitalize()}, %", "NLL, nats", "Members asked")
        for axes, name, label in zip(panels, _CURVES, labels, strict=True):
            for design_class in ENSEMBLE_CLASSES:
                for rule in EXIT_RULES:
                    rows = largest.filter(
                        pl.col("design_class") == design_class, pl.col("rule") == rule
                    ).sort("threshold")
                    if rows.is_empty():
                        continue
                    is_first = rule == EXIT_RULES[0]
                    axes.plot(
                        [thresholds.index(threshold) for threshold in rows["threshold"]],
                        rows[f"{name}_mean"].to_list(),
                        color=COLOURS[design_class],
                        linestyle=LINE_STYLES[design_class],
                        linewidth=1.6 if is_first else 0.8,
                        label=f"{design_class}, {rule}",
                    )
            axes.set_ylim(bottom=0)
            axes.set_ylabel(label)
            axes.grid(color=GRID_INK, linewidth=0.8, zorder=0)
            axes.set_axisbelow(True)
            shown = {thresholds.index(t): text for t, text in _LABELLED.items() if t in thresholds}
            if WHOLE_ENSEMBLE in thresholds:
                shown[thresholds.index(WHOLE_ENSEMBLE)] = "all"
            axes.set_xticks(list(shown), list(shown.values()))
            axes.tick_params(labelbottom=axes is panels[-1])
        panels[-1].set_xlabel("Threshold; all: every member is asked")
        place_legend(panels[0], spelled=False)
        (parameters,) = label_parameters([int(largest["budget_parameters"][0])])
        shows = f"Cascades at each threshold, at a budget of {parameters}: mean over the seeds"
        write_around(figure, 0.1, texts.title, shows, texts.conditions)
        return figure


CASCADE_THRESHOLDS_FIGURE = FigureDeclaration(
    position=20,
    name="cascade_thresholds",
    caption="{Measure}, negative log-likelihood and members asked of cascades at each threshold, "
    "at the largest budget, by the exit rules confidence (thick) and margin (thin).",
    of_early_exit=True,
    numbers=lambda finding: threshold_numbers(finding.runs, finding.cascades.table),
    draw=lambda numbers, finding, texts: draw_thresholds(numbers, finding.measure, texts),
)
