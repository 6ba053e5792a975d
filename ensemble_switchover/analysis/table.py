"""The table of runs, one row a run, and its summary, one row a design. Raw units, no formatting."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl

from ensemble_switchover.analysis.comparison import label_settings, setting_of
from ensemble_switchover.analysis.conditions import comparable_execution
from ensemble_switchover.analysis.time_to_accuracy import (
    measure_times_to_accuracy,
    steady_seconds,
)
from ensemble_switchover.results.latencies import latencies_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.time_to_accuracy import TimeToAccuracy
    from ensemble_switchover.results.record import Record

LATENCY_BATCH_SIZE = 128
"""The batch size at which latency is tabled where it was measured."""

DEVICE_MEMORY = "device allocator"
PROCESS_MEMORY = "process resident"

DESIGN_COLUMNS: dict[str, type[pl.DataType]] = {
    "setting": pl.String,
    "family": pl.String,
    "family_options": pl.String,
    "dataset": pl.String,
    "evaluated_on": pl.String,
    "recipe": pl.String,
    "num_epochs": pl.Int64,
    "budget_parameters": pl.Int64,
    "budget_depth": pl.Int64,
    "budget_width": pl.Int64,
    "design_class": pl.String,
    "source": pl.String,
    "depth": pl.Int64,
    "width": pl.Int64,
    "k": pl.Int64,
    "member_parameters": pl.Int64,
    "parameters": pl.Int64,
    "budget_fill": pl.Float64,
    "member_flops": pl.Int64,
    "num_layers": pl.Int64,
}
"""What makes two runs the same design in the same setting."""

CONDITION_COLUMNS: dict[str, type[pl.DataType]] = {
    "device": pl.String,
    "device_name": pl.String,
    "execution": pl.String,
    "precision": pl.String,
    "compiled": pl.Boolean,
    "residence": pl.String,
    "num_threads": pl.Int64,
    "concurrent_jobs": pl.Int64,
    "memory_kind": pl.String,
    "latency_batch_size": pl.Int64,
}
"""What must be equal before seconds, latencies or bytes of two runs are put into one mean."""

_ERROR_COLUMNS: dict[str, type[pl.DataType]] = {
    "test_error_percent": pl.Float64,
    "member_test_error_percent": pl.Float64,
    "nll_nats": pl.Float64,
    "ece": pl.Float64,
    "brier": pl.Float64,
    "disagreement": pl.Float64,
    "error_correlation": pl.Float64,
}
_RESOURCE_COLUMNS: dict[str, type[pl.DataType]] = {
    "epoch_seconds": pl.Float64,
    "training_seconds": pl.Float64,
    "latency_ms_per_image": pl.Float64,
    "fastest_latency_ms_per_image": pl.Float64,
    "latency_to_single": pl.Float64,
    "layer_ms": pl.Float64,
    "peak_device_bytes": pl.Int64,
    "peak_rss_bytes": pl.Int64,
}
_ACCURACY_TIME_COLUMNS: dict[str, type[pl.DataType]] = {
    "target_test_error_percent": pl.Float64,
    "time_to_accuracy_seconds": pl.Float64,
}
RUN_FRAME_COLUMNS: dict[str, type[pl.DataType]] = {
    "study": pl.String,
    "name": pl.String,
    **DESIGN_COLUMNS,
    "seed": pl.Int64,
    **_ERROR_COLUMNS,
    **_RESOURCE_COLUMNS,
    **_ACCURACY_TIME_COLUMNS,
    **CONDITION_COLUMNS,
    "executed_as": pl.String,
    "disturbed": pl.Boolean,
}


def tabulate_runs(records: Sequence[Record]) -> pl.DataFrame:
    """Lay out the records as a table, one row a run.

    Units are in the columns' names. Errors, NLL and ECE are those after the run's last epoch, on
    the images in `evaluated_on`, those of `test_error_percent` included. `epoch_seconds` is the
    median over the epochs that are no warm-up, and null where there is no other; `training_seconds`
    is the sum over all, the warm-up counted as a median epoch. `num_layers` is depth times members.
    `execution` is what was asked for, `executed_as` what was run; `disturbed` says that something
    else was seen on the device meanwhile. Latency is of one member after
    another, the paper's way, at batch size 128, or at the largest measured where that was not
    (`latency_batch_size` says which); beside it stand that of the fastest execution, and the
    multiple of the single network's that was timed by turns with it. `layer_ms` is a forward and a
    backward pass of one training batch through one member, by layer of its depth.
    Peak memory is the highest of any epoch; what a device's allocator handed out and what a process
    had resident are different columns, and `memory_kind` says which of them the run has.

    Args:
        records: Runs of any number of settings.

    Returns:
        A frame with the columns `RUN_FRAME_COLUMNS`, in order of budget, class, k, source and seed.
    """
    settings = [setting_of(record) for record in records]
    labels = label_settings(settings)
    times = measure_times_to_accuracy(records, settings)
    rows = [
        _run_row(record, labels[setting], time)
        for record, setting, time in zip(records, settings, times, strict=True)
    ]
    return pl.DataFrame(rows, schema=RUN_FRAME_COLUMNS).sort(
        *_SORT_COLUMNS, "seed", "name", maintain_order=True
    )


def summarise_runs(
    runs: pl.DataFrame, conditions: Sequence[str] = tuple(CONDITION_COLUMNS)
) -> pl.DataFrame:
    """Summarise a table of runs over the seeds, one row a design.

    Designs are told apart by `DESIGN_COLUMNS`. Seconds, latencies and bytes under different
    conditions (`CONDITION_COLUMNS`: device, execution, precision, how many runs shared the machine,
    and so on) are never put into one mean: a design that was run under two of them has two rows.
    Runs of one seed count as one sample, their mean. Standard deviations are sample standard
    deviations over the seeds, null for one seed. Peak memory is the highest of any run. An error
    that is no finite number is left out.

    `time_to_accuracy_seconds_mean` is null unless every seed reached the target, since the mean of
    those that did would flatter the design; `num_seeds_reached` of `num_seeds_compared` tell.

    Args:
        runs: What `tabulate_runs` returns, or some of its rows.
        conditions: Those that matter for what is of interest; all by default.

    Returns:
        A frame in the order of `runs`.
    """
    keys = [*DESIGN_COLUMNS, *conditions]
    means = [
        *("epoch_seconds", "training_seconds", "latency_ms_per_image"),
        *("fastest_latency_ms_per_image", "layer_ms"),
        *_ACCURACY_TIME_COLUMNS,
    ]
    peaks = ["peak_device_bytes", "peak_rss_bytes"]
    seeds = runs.group_by(*keys, "seed", maintain_order=True).agg(
        pl.len().alias("num_runs"),
        _finite_errors().mean(),
        pl.col(means).mean(),
        pl.col(peaks).max(),
    )
    time, target = pl.col("time_to_accuracy_seconds"), pl.col("target_test_error_percent")
    all_reached = time.is_not_null().all()
    return seeds.group_by(keys, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("num_seeds"),
        pl.col("num_runs").sum().cast(pl.Int64),
        *_mean_and_std("test_error_percent"),
        *_mean_and_std("member_test_error_percent"),
        *_mean_and_std("nll_nats"),
        *_mean_and_std("ece"),
        *_mean_and_std("epoch_seconds"),
        *_mean_and_std("training_seconds"),
        *_mean_and_std("latency_ms_per_image"),
        *_mean_and_std("fastest_latency_ms_per_image"),
        *_mean_and_std("layer_ms"),
        pl.col(peaks).max(),
        target.is_not_null().sum().cast(pl.Int64).alias("num_seeds_compared"),
        time.is_not_null().sum().cast(pl.Int64).alias("num_seeds_reached"),
        pl.when(all_reached).then(time.mean()).alias("time_to_accuracy_seconds_mean"),
        pl.when(all_reached).then(time.std()).alias("time_to_accuracy_seconds_std"),
    )


def summarise_errors(runs: pl.DataFrame) -> pl.DataFrame:
    """Summarise the errors of a table of runs over the seeds, one row a design.

    How members were executed changes no error, so runs of all conditions are joined; those of one
    seed count as one sample, their mean. A value that is no finite number is left out.

    Args:
        runs: What `tabulate_runs` returns, or some of its rows.

    Returns:
        A frame in the order of `runs`: `DESIGN_COLUMNS`, `num_seeds`, means and sample standard
        deviations.
    """
    seeds = runs.group_by(*DESIGN_COLUMNS, "seed", maintain_order=True).agg(_finite_errors().mean())
    return seeds.group_by(list(DESIGN_COLUMNS), maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("num_seeds"),
        *(expression for name in _ERROR_COLUMNS for expression in _mean_and_std(name)),
    )


def split_designs(summary: pl.DataFrame) -> int:
    """Count the designs that have several rows because they were run under several conditions."""
    rows = summary.group_by(list(DESIGN_COLUMNS)).len()
    return rows.filter(pl.col("len") > 1).height


_CLASS_ORDER = pl.col("design_class").replace_strict(
    {"single": 0, "deq": 1, "weq": 2}, return_dtype=pl.Int64
)
_SORT_COLUMNS = (
    *("setting", "budget_parameters", "budget_depth", "budget_width"),
    _CLASS_ORDER,
    *("k", "source"),
)


def _finite_errors() -> pl.Expr:
    columns = pl.col(list(_ERROR_COLUMNS))
    return pl.when(columns.is_finite()).then(columns).name.keep()


def _mean_and_std(column: str) -> tuple[pl.Expr, pl.Expr]:
    values = pl.col(column)
    return values.mean().alias(f"{column}_mean"), values.std().alias(f"{column}_std")


def _run_row(record: Record, setting: str, time: TimeToAccuracy) -> dict[str, Any]:
    budget, design, environment = record.budget, record.design, record.environment
    last = record.epochs[-1]
    return {
        "study": record.study,
        "name": record.name,
        "setting": setting,
        "family": design.family,
        "family_options": json.dumps(design.family_options, sort_keys=True),
        "dataset": record.dataset.name,
        "evaluated_on": record.dataset.evaluated_on,
        "recipe": record.recipe.name,
        "num_epochs": last.epoch,
        "budget_parameters": budget.parameters,
        "budget_depth": budget.depth,
        "budget_width": budget.width,
        "design_class": design.design_class,
        "source": design.source,
        "depth": design.depth,
        "width": design.width,
        "k": design.k,
        "member_parameters": design.member_parameters,
        "parameters": design.parameters,
        "budget_fill": design.budget_fill,
        "member_flops": design.member_flops,
        "num_layers": design.k * design.depth,
        "seed": record.seed,
        "test_error_percent": last.test_error,
        "member_test_error_percent": sum(last.member_test_errors) / len(last.member_test_errors),
        "nll_nats": last.nll,
        "ece": last.ece,
        "brier": last.brier,
        "disagreement": last.disagreement,
        "error_correlation": last.error_correlation,
        "target_test_error_percent": time.target_test_error,
        "time_to_accuracy_seconds": time.seconds,
        "device": environment.device,
        "device_name": environment.device_name,
        "execution": comparable_execution(environment),
        "executed_as": environment.execution,
        "disturbed": bool(environment.disturbances),
        "precision": environment.precision,
        "compiled": environment.compiled,
        "residence": environment.residence,
        "num_threads": environment.num_threads,
        "concurrent_jobs": environment.concurrent_jobs,
        **_resources(record),
    }


def _resources(record: Record) -> dict[str, Any]:
    steady = [epoch.train_seconds for epoch in record.epochs if not epoch.warm_up]
    device_bytes = [e.peak_device_bytes for e in record.epochs if e.peak_device_bytes is not None]
    rss_bytes = [e.peak_rss_bytes for e in record.epochs if e.peak_rss_bytes is not None]
    kind = PROCESS_MEMORY if rss_bytes else None
    if device_bytes:
        kind = DEVICE_MEMORY
    latency = latencies_at(record.latencies, LATENCY_BATCH_SIZE)
    own = latency.sequential.median_ms_per_image if latency else None
    single = latency.single.median_ms_per_image if latency and latency.single else None
    layer_ms = sum(layers.median_ms for layers in record.layer_times)
    return {
        "epoch_seconds": median(steady) if steady else None,
        "training_seconds": sum(steady_seconds(record.epochs)),
        "latency_batch_size": latency.sequential.batch_size if latency else None,
        "latency_ms_per_image": own,
        "fastest_latency_ms_per_image": latency.fastest.median_ms_per_image if latency else None,
        "latency_to_single": own / single if own is not None and single else None,
        "layer_ms": layer_ms / record.design.depth if record.layer_times else None,
        "memory_kind": kind,
        "peak_device_bytes": max(device_bytes, default=None),
        "peak_rss_bytes": max(rss_bytes, default=None),
    }
