"""The table of runs, one row a run, and its summary, one row a design. Raw units, no formatting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis.comparison import label_settings, setting_of
from ensemble_switchover.analysis.condition_group import CONDITIONS
from ensemble_switchover.analysis.conditions import comparable_execution
from ensemble_switchover.analysis.resident_images import peak_beside_images, resident_image_bytes
from ensemble_switchover.analysis.time_to_accuracy import (
    measure_times_to_accuracy,
    steady_seconds,
)
from ensemble_switchover.results.epoch_metrics import QUALITY
from ensemble_switchover.results.latencies import LatencyFacts
from ensemble_switchover.results.run_columns import (
    BEYOND_ERROR,
    ComparisonFacts,
    record_facts,
    schema_of,
)
from ensemble_switchover.results.summary import summarise_epochs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.time_to_accuracy import TimeToAccuracy
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.summary import RunSummary

DEVICE_MEMORY = "device allocator"
PROCESS_MEMORY = "process resident"

DESIGN_COLUMNS = (
    *("setting", "family", "family_options", "dataset", "evaluated_on", "recipe", "epochs"),
    *("budget_parameters", "budget_depth", "budget_width", "design_class", "source"),
    *("depth", "width", "k", "member_parameters", "parameters", "budget_fill", "member_flops"),
    "total_depth",
)
"""What makes two runs the same design in the same setting."""

ERROR_COLUMNS = (*QUALITY, *BEYOND_ERROR, "mean_member_error_percent")
_COST_COLUMNS = (
    *("epoch_seconds", "steady_training_seconds", "latency_ms_per_image"),
    *("fastest_latency_ms_per_image", "layer_ms"),
)
_PEAK_COLUMNS = (
    *("peak_device_bytes", "peak_rss_bytes"),
    *("resident_image_bytes", "peak_device_beside_images_bytes"),
)
_ACCURACY_TIME_COLUMNS = (
    *("target_error_percent", "time_to_accuracy_seconds"),
    *("common_target_error_percent", "time_to_common_target_seconds"),
)

RUN_FRAME_COLUMNS = schema_of("listing")
"""Column of the table -> its type; `results.run_columns` describes them."""


def tabulate_runs(
    records: Sequence[Record], left_out: Collection[RunKey] = frozenset()
) -> pl.DataFrame:
    """Lay out the records as a table, one row a run.

    Args:
        records: Runs of any number of settings.
        left_out: Collapsed runs whose errors are in no mean and no target, from `find_collapsed`.

    Returns:
        A frame with the columns `RUN_FRAME_COLUMNS`, in order of budget, class, k, source and seed.
    """
    settings = [setting_of(record) for record in records]
    labels = label_settings(settings)
    times = measure_times_to_accuracy(records, settings, left_out)
    rows = [
        _run_row(record, labels[setting], time, (record.study, record.name) in left_out)
        for record, setting, time in zip(records, settings, times, strict=True)
    ]
    return pl.DataFrame(rows, schema=RUN_FRAME_COLUMNS).sort(
        *_SORT_COLUMNS, "seed", "name", maintain_order=True
    )


def summarise_runs(runs: pl.DataFrame, conditions: Sequence[str] = CONDITIONS) -> pl.DataFrame:
    """Summarise a table of runs over the seeds, one row a design.

    Designs are told apart by `DESIGN_COLUMNS`. Seconds, latencies and bytes under different
    conditions (`CONDITIONS`: device, execution, precision, how many runs shared the machine,
    and so on) are never put into one mean: a design that was run under two of them has two rows.
    Runs of one seed count as one sample, their mean. Standard deviations are sample standard
    deviations over the seeds, null for one seed. Peak memory is the highest of any run. An error
    that is no finite number, or of a run that is left out, is in no mean.

    `time_to_accuracy_seconds_mean` is null unless every seed reached the target, since the mean of
    those that did would flatter the design; `num_seeds_reached` of `num_seeds_compared` tell. So do
    `num_seeds_reached_common` and `num_seeds_compared_common` for the common target.

    Args:
        runs: What `tabulate_runs` returns, or some of its rows.
        conditions: Those that matter for what is of interest; all by default.

    Returns:
        A frame in the order of `runs`.
    """
    keys = [*DESIGN_COLUMNS, *conditions]
    seeds = runs.group_by(*keys, "seed", maintain_order=True).agg(
        pl.len().alias("num_runs"),
        pl.col("left_out").sum().cast(pl.Int64).alias("num_left_out"),
        _counted_errors().mean(),
        pl.col([*_COST_COLUMNS, *_ACCURACY_TIME_COLUMNS]).mean(),
        pl.col(_PEAK_COLUMNS).max(),
    )
    return seeds.group_by(keys, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("num_seeds"),
        pl.col("num_runs", "num_left_out").sum().cast(pl.Int64),
        *_means_and_stds(*ERROR_COLUMNS, *_COST_COLUMNS),
        pl.col(_PEAK_COLUMNS).max(),
        *_accuracy_times("target_error_percent", "time_to_accuracy_seconds", ""),
        pl.col("common_target_error_percent").first(),
        *_accuracy_times("common_target_error_percent", "time_to_common_target_seconds", "_common"),
    )


def summarise_errors(runs: pl.DataFrame) -> pl.DataFrame:
    """Summarise the errors of a table of runs over the seeds, one row a design.

    How members were executed changes no error, so runs of all conditions are joined; those of one
    seed count as one sample, their mean. A value that is no finite number, or of a run that is left
    out, is in no mean.

    Args:
        runs: What `tabulate_runs` returns, or some of its rows.

    Returns:
        A frame in the order of `runs`: `DESIGN_COLUMNS`, `num_seeds` whose error is in the mean,
        means and sample standard deviations of `ERROR_COLUMNS`.
    """
    seeds = runs.group_by(*DESIGN_COLUMNS, "seed", maintain_order=True).agg(
        _counted_errors().mean()
    )
    num_seeds = pl.col("error_percent").count().cast(pl.Int64).alias("num_seeds")
    return seeds.group_by(DESIGN_COLUMNS, maintain_order=True).agg(
        num_seeds, *_means_and_stds(*ERROR_COLUMNS)
    )


def split_designs(summary: pl.DataFrame) -> int:
    """Count the designs that have several rows because they were run under several conditions."""
    rows = summary.group_by(DESIGN_COLUMNS).len()
    return rows.filter(pl.col("len") > 1).height


_CLASS_ORDER = pl.col("design_class").replace_strict(
    {"single": 0, "deq": 1, "weq": 2}, return_dtype=pl.Int64
)
_SORT_COLUMNS = (
    *("setting", "budget_parameters", "budget_depth", "budget_width"),
    _CLASS_ORDER,
    *("k", "source"),
)


def _counted_errors() -> pl.Expr:
    columns = pl.col(ERROR_COLUMNS)
    return pl.when(columns.is_finite() & ~pl.col("left_out")).then(columns).name.keep()


def _means_and_stds(*columns: str) -> list[pl.Expr]:
    values = [(name, pl.col(name)) for name in columns]
    return [
        expression
        for name, value in values
        for expression in (value.mean().alias(f"{name}_mean"), value.std().alias(f"{name}_std"))
    ]


def _accuracy_times(target: str, time: str, suffix: str) -> list[pl.Expr]:
    """Count the seeds with a target and those that reach it, and average the time if all do."""
    known, reached = (pl.col(name).is_not_null() for name in (target, time))
    seconds = pl.when(reached.all())
    return [
        known.sum().cast(pl.Int64).alias(f"num_seeds_compared{suffix}"),
        reached.sum().cast(pl.Int64).alias(f"num_seeds_reached{suffix}"),
        seconds.then(pl.col(time).mean()).alias(f"{time}_mean"),
        seconds.then(pl.col(time).std()).alias(f"{time}_std"),
    ]


def _run_row(record: Record, setting: str, time: TimeToAccuracy, left_out: bool) -> dict[str, Any]:
    summary = summarise_epochs(record.epochs)
    latency = LatencyFacts.of(record.latencies)
    single = latency.single_latency_ms_per_image if latency else None
    layer_ms = sum(layers.median_ms for layers in record.layer_times)
    comparison = ComparisonFacts(
        setting=setting,
        total_depth=record.design.k * record.design.depth,
        steady_training_seconds=sum(steady_seconds(record.epochs)),
        latency_to_single=latency.latency_ms_per_image / single if latency and single else None,
        layer_ms=layer_ms / record.design.depth if record.layer_times else None,
        target_error_percent=time.target_error_percent,
        time_to_accuracy_seconds=time.seconds,
        common_target_error_percent=time.common_target_error_percent,
        time_to_common_target_seconds=time.seconds_to_common_target,
        memory_kind=_memory_kind(summary),
        resident_image_bytes=resident_image_bytes(record, summary),
        peak_device_beside_images_bytes=peak_beside_images(record, summary),
        execution_compared=comparable_execution(record.environment),
        disturbed=bool(record.environment.disturbances),
        left_out=left_out,
    )
    return record_facts(record, summary, comparison=comparison)


def _memory_kind(summary: RunSummary) -> str | None:
    if summary.peak_device_bytes is not None:
        return DEVICE_MEMORY
    return None if summary.peak_rss_bytes is None else PROCESS_MEMORY
