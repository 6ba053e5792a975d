"""What answers an image, and what that costs: single networks, whole ensembles, their cascades.

The cost is exact in floating-point operations: members asked times those of a member. In
milliseconds it is that of the whole ensemble, one member after another, over its members, times the
members asked; what early exit itself takes, and that smaller batches are slower, is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis.pareto import pareto_front
from ensemble_switchover.analysis.statistics import CONFIDENCE, t_interval
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

WHOLE = "whole"
"""What answers where all members are asked, or the only one."""
ANSWERED_BY: tuple[str, ...] = (WHOLE, *EXIT_RULES)
"""What answers: all members, or the cascade by an exit rule."""

_DESIGN = (
    *("budget_parameters", "budget_depth", "budget_width", "design_class", "k"),
    *("depth", "width", "parameters", "budget_fill", "member_flops"),
)
_OF_CASCADE = (
    *("threshold", "least_threshold", "most_threshold", "members_p50", "members_p90"),
    *("members_p99", "least_error_percent", "most_error_percent", "least_mean_members"),
    *("most_mean_members", "num_folds", "num_images", "chosen_on", "ordered_by"),
)
_MEASURED = ("measured_ms_per_image", "measured_ms_to_single", "measured_batch_size")
_MEASURES = (
    *("error_percent", "nll_nats", "mean_members", "flops_per_image", "ms_per_image"),
    *("points_from_whole", "ms_to_single", "measured_ms_per_image", "measured_ms_to_single"),
)

_LEAST = {"mean_members": 1.0, "points_from_whole": -math.inf}
"""Least possible value of a measure, where that is not 0."""


def list_answers(runs: pl.DataFrame, cascades: pl.DataFrame) -> pl.DataFrame:
    """List what answers in each run, one row each: all of its members, and each cascade.

    Args:
        runs: Rows of `tabulate_runs`.
        cascades: `RunCascades.table`, of these runs and perhaps others.

    Returns:
        A frame with the design and seed of the run, `answered_by` (`ANSWERED_BY`), `error_percent`,
        `nll_nats`, `mean_members`, `flops_per_image`, `ms_per_image`, `ms_to_single` (times the
        single network of the budget, which was timed alternately), and of cascades
        `points_from_whole` (error less that of all members, on the same images), the threshold,
        what is known of it, and how long it took where it was served. Runs that are left out of
        errors are not in it.
    """
    kept = runs.filter(~pl.col("left_out"))
    of_run = (*_DESIGN, "seed", "study", "name")
    costs = kept.select(
        "study",
        "name",
        member_ms=pl.col("latency_ms_per_image") / pl.col("k"),
        member_to_single=pl.col("latency_to_single") / pl.col("k"),
    )
    whole = kept.select(
        *of_run,
        "error_percent",
        "nll_nats",
        answered_by=pl.lit(WHOLE),
        mean_members=pl.col("k").cast(pl.Float64),
    )
    asked = cascades.select(
        *("study", "name", "error_percent", "nll_nats", "mean_members", *_OF_CASCADE),
        *_MEASURED,
        points_from_whole=pl.col("error_percent") - pl.col("whole_error_percent"),
        answered_by=pl.col("rule"),
    )
    stopped = kept.select(of_run).join(asked, on=("study", "name"), how="inner")
    both = pl.concat([whole, stopped], how="diagonal").join(
        costs, on=("study", "name"), how="left", maintain_order="left"
    )
    return both.with_columns(
        flops_per_image=pl.col("mean_members") * pl.col("member_flops"),
        ms_per_image=pl.col("mean_members") * pl.col("member_ms"),
        ms_to_single=pl.col("mean_members") * pl.col("member_to_single"),
        # of runs whose time is left out, what was measured of them is, too
        **{name: pl.when(pl.col("member_ms").is_not_null()).then(name) for name in _MEASURED},
    ).drop("member_ms", "member_to_single")


def summarise_answers(answers: pl.DataFrame, confidence: float = CONFIDENCE) -> pl.DataFrame:
    """Summarise what answers over the seeds, one row for each design and what answers.

    Runs of one seed count as one sample, their mean. Bounds are those of t intervals over the
    seeds; absent for one seed or without spread. Values that are no finite numbers are in no mean.

    Args:
        answers: A frame from `list_answers`, of one comparison.
        confidence: Confidence of the intervals.

    Returns:
        For each measure its mean, `_std`, `_lower` and `_upper`; in the order of the budgets.
    """
    keys = [*_DESIGN, "answered_by"]
    finite = [
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in _MEASURES
    ]
    extremes = {
        "min": ("least_threshold", "least_error_percent", "least_mean_members"),
        "max": ("most_threshold", "most_error_percent", "most_mean_members", "members_p50"),
    }
    extremes["max"] += ("members_p90", "members_p99", "num_folds", "num_images")
    seeds = (
        answers.with_columns(finite)
        .group_by(*keys, "seed", maintain_order=True)
        .agg(
            pl.col(_MEASURES).mean(),
            pl.col(extremes["min"]).min(),
            pl.col(extremes["max"]).max(),
        )
    )
    summary = seeds.group_by(keys, maintain_order=True).agg(
        pl.col("error_percent").count().cast(pl.Int64).alias("num_seeds"),
        *(pl.col(name).mean().alias(f"{name}_mean") for name in _MEASURES),
        *(pl.col(name).std().alias(f"{name}_std") for name in _MEASURES),
        *(pl.col(name).alias(f"{name}_values") for name in _MEASURES),
        pl.col(extremes["min"]).min(),
        pl.col(extremes["max"]).max(),
    )
    bounds = [
        series
        for name in _MEASURES
        for series in _bounds(name, summary[f"{name}_values"].to_list(), confidence)
    ]
    order = {name: number for number, name in enumerate(("single", "deq", "weq"))}
    rank = {name: number for number, name in enumerate(ANSWERED_BY)}
    return (
        summary.drop([f"{name}_values" for name in _MEASURES])
        .with_columns(bounds)
        .sort(
            *("budget_parameters", "budget_depth", "budget_width"),
            pl.col("design_class").replace_strict(order, return_dtype=pl.Int64),
            "k",
            pl.col("answered_by").replace_strict(rank, return_dtype=pl.Int64),
            maintain_order=True,
        )
    )


def mark_front(summary: pl.DataFrame, cost: str) -> pl.DataFrame:
    """Mark the Pareto front of mean error and mean cost, cheapest first.

    Args:
        summary: A frame from `summarise_answers`.
        cost: `flops_per_image` or `ms_per_image`.

    Returns:
        The rows that have both, with `on_front`.
    """
    both = summary.drop_nulls([f"{cost}_mean", "error_percent_mean"])
    front = pareto_front(both[f"{cost}_mean"].to_list(), both["error_percent_mean"].to_list())
    return both.with_columns(on_front=pl.Series(front, dtype=pl.Boolean)).sort(
        f"{cost}_mean", "error_percent_mean", maintain_order=True
    )


def _bounds(name: str, samples: Sequence[list[float | None]], confidence: float) -> list[pl.Series]:
    """Return the bounds of t intervals over the seeds, none below the least possible value."""
    least = _LEAST.get(name, 0.0)
    found = [
        t_interval([value for value in values if value is not None], confidence)
        if sum(value is not None for value in values) > 1
        else None
        for values in samples
    ]
    return [
        pl.Series(f"{name}_lower", [max(least, i.lower) if i else None for i in found], pl.Float64),
        pl.Series(f"{name}_upper", [i.upper if i else None for i in found], pl.Float64),
    ]
