"""The numbers behind the figures of one comparison: one frame per figure, one row per design."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis.condition_group import (
    LATENCY_CONDITIONS,
    MEMORY_CONDITIONS,
    TIME_CONDITIONS,
    require_one_condition,
)
from ensemble_switchover.analysis.design_table import (
    DEVICE_MEMORY,
    summarise_errors,
    summarise_runs,
)
from ensemble_switchover.analysis.pareto import pareto_front

if TYPE_CHECKING:
    from collections.abc import Sequence

LEADING_COLUMNS = (
    *("budget_parameters", "budget_depth", "budget_width", "design_class", "k"),
    *("depth", "width", "parameters", "budget_fill", "num_seeds"),
)
"""The first columns of every frame, before the numbers of its figure."""


def fill_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return the share of its budget that each design uses."""
    return summarise_errors(runs).select(LEADING_COLUMNS)


def member_error_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return the error of each ensemble and the mean error of its members in percent (Figure C)."""
    return _select(summarise_errors(runs), *_mean_std("error_percent", "mean_member_error_percent"))


def calibration_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return ECE and NLL (nats) after the last epoch, over the finite values."""
    return _select(summarise_errors(runs), *_mean_std("ece", "nll_nats"))


def epoch_time_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return training seconds per epoch (Figures 6 and F).

    Raises:
        RecordError: if the runs differ in their conditions; the functions below raise it too.
    """
    summary = _summarise(runs, TIME_CONDITIONS, "training seconds")
    return _select(summary, *_mean_std("epoch_seconds")).drop_nulls("epoch_seconds_mean")


def layer_time_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return milliseconds per layer and batch, and the depth of all members (Figure E)."""
    summary = _summarise(runs.drop_nulls("layer_ms"), TIME_CONDITIONS, "layers' times")
    return _select(summary, "total_depth", *_mean_std("layer_ms"))


def accuracy_time_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return the seconds until a design reaches its single networks' error (Figures 5, D and K).

    `analysis.time_to_accuracy` defines both targets. A mean is null if not every seed reaches its
    target; the figure, which is of the common one, then has no bar.
    """
    summary = _summarise(runs, TIME_CONDITIONS, "training seconds")
    series = _select(
        summary,
        "common_target_error_percent",
        *_mean_std("time_to_common_target_seconds"),
        *("num_seeds_compared_common", "num_seeds_reached_common"),
        *_mean_std("time_to_accuracy_seconds"),
        *("num_seeds_compared", "num_seeds_reached"),
    )
    return series.filter(pl.col("num_seeds_compared_common") > 0)


def latency_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return milliseconds per image at one batch size (Figures 7 and G)."""
    measured = runs.drop_nulls("latency_ms_per_image")
    summary = _summarise(measured, LATENCY_CONDITIONS, "inference times")
    return _select(summary, "latency_batch_size", *_mean_std("latency_ms_per_image"))


def memory_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return the peak memory of training in bytes, of device or process (Figures 8 and H).

    That of a device is also given without the images that lay there.
    """
    on_device = pl.col("memory_kind") == DEVICE_MEMORY
    peak = pl.when(on_device).then("peak_device_bytes").otherwise("peak_rss_bytes")
    summary = _summarise(runs.drop_nulls("memory_kind"), MEMORY_CONDITIONS, "bytes")
    beside = "peak_device_beside_images_bytes"
    return _select(summary.with_columns(peak_bytes=peak), "memory_kind", "peak_bytes", beside)


def trade_off_series(costs: pl.DataFrame, cost: str, runs: pl.DataFrame) -> pl.DataFrame:
    """Join the error of each design with its cost, and mark the Pareto front.

    Args:
        costs: One of the frames above.
        cost: The column of the cost, such as `epoch_seconds_mean`.
        runs: The runs from which the costs were taken.

    Returns:
        The designs with a cost and an error, cheapest first. `on_front` is true if no other design
        is at least as good in both and better in one.
    """
    errors = summarise_errors(runs).select(*LEADING_COLUMNS[:-1], *_mean_std("error_percent"))
    both = costs.join(errors, on=LEADING_COLUMNS[:-1], how="inner").drop_nulls(
        [cost, "error_percent_mean"]
    )
    error = both["error_percent_mean"].to_list()
    front = pareto_front(both[cost].to_list(), error)
    return both.with_columns(on_front=pl.Series(front, dtype=pl.Boolean)).sort(
        cost, "error_percent_mean"
    )


def training_time_series(runs: pl.DataFrame) -> pl.DataFrame:
    """Return the training seconds of whole runs."""
    summary = _summarise(runs, TIME_CONDITIONS, "training seconds")
    return _select(summary, *_mean_std("steady_training_seconds"))


def _summarise(runs: pl.DataFrame, conditions: Sequence[str], what: str) -> pl.DataFrame:
    require_one_condition(runs, conditions, what)
    return summarise_runs(runs, conditions)


def _select(summary: pl.DataFrame, *columns: str) -> pl.DataFrame:
    return summary.select(*LEADING_COLUMNS, *columns)


def _mean_std(*columns: str) -> Sequence[str]:
    return [f"{column}_{part}" for column in columns for part in ("mean", "std")]
