"""The metrics of every design, one row per design and condition, as the page draws them."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from ensemble_switchover.analysis.condition_group import (
    LATENCY_CONDITIONS,
    MEMORY_CONDITIONS,
    TIME_CONDITIONS,
    describe_condition,
)
from ensemble_switchover.analysis.conditions import is_of_timing_pass
from ensemble_switchover.analysis.design_table import (
    DESIGN_COLUMNS,
    DEVICE_MEMORY,
    summarise_errors,
    summarise_runs,
)
from ensemble_switchover.machine.units import MEBIBYTE
from ensemble_switchover.reporting.explorer.cascade_metrics import cascade_errors, cascade_times
from ensemble_switchover.results.epoch_metrics import QUALITY
from ensemble_switchover.results.run_columns import COLUMNS, unit_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from ensemble_switchover.reporting.explorer.cascade_metrics import DrawnCascades

_ERRORS = {
    "error": "error_percent",
    "member": "mean_member_error_percent",
    **{name: name for name in QUALITY if name != "error_percent"},
}
_TIMES = {
    "epoch": "epoch_seconds",
    "training": "steady_training_seconds",
    "accuracy": "time_to_common_target_seconds",
    "layer": "layer_ms",
}
_LATENCIES = {"latency": "latency_ms_per_image", "fastest": "fastest_latency_ms_per_image"}

_SHORT_NAMES = {
    "error": "test error",
    "epoch": "training time per epoch",
    "training": "training time",
    "accuracy": "time to accuracy",
    "latency": "inference time per image",
    "fastest": "inference time per image, fastest execution",
    "cascade": "inference time per image, cascade",
    "cascadeError": "test error, cascade",
    "members": "members that the cascade asks",
    "memory": "peak memory",
    "layer": "time of a layer",
    "member": "members' error",
    **{name: COLUMNS[name].label for name in QUALITY[1:]},
    "parameters": "parameters",
}
_UNITS = {key: unit_of(column) for key, column in (_ERRORS | _TIMES | _LATENCIES).items()}
_UNITS |= {"cascade": "ms", "cascadeError": "%"}
METRICS = tuple(
    (key, name, "MiB" if key == "memory" else _UNITS.get(key, ""))
    for key, name in _SHORT_NAMES.items()
)
"""Key in the page, name and unit of each metric."""

_KEYS = (*DESIGN_COLUMNS, *TIME_CONDITIONS)

_NOTHING: list[float | None] = [None, None, 0]

_Row: TypeAlias = dict[str, Any]
"""A row of a summary: a design under a condition."""


def metric_rows(
    runs: pl.DataFrame, cascades: DrawnCascades = MappingProxyType({})
) -> list[dict[str, Any]]:
    """Return one row per design and condition.

    Errors come from the runs under all conditions, costs from the runs under one. Latencies are for
    one batch size and memory is of one kind: those of most runs under the condition. `values` holds
    the mean, the sample standard deviation and the number of seeds for each of `METRICS`, or None
    where there is no value. The time to accuracy is that to the common target; `ownTarget` has that
    to the own seed's. Numbers are rounded to six digits.

    Args:
        runs: A frame from `tabulate_runs`.
        cascades: The cascades of runs (`drawn_cascades`); without any, no row has these metrics.
    """
    finite = runs.filter(runs["error_percent"].is_finite())
    errors = {_key(row, DESIGN_COLUMNS): row for row in summarise_errors(finite).to_dicts()}
    timed = _usual_runs(runs, "latency_batch_size")
    latencies = _summarise(timed, LATENCY_CONDITIONS)
    peaks = _summarise(_usual_runs(runs, "memory_kind"), MEMORY_CONDITIONS)
    asked = cascade_times(timed, cascades, _KEYS) if cascades else {}
    counted = finite.filter(~finite["left_out"])
    read = cascade_errors(counted, cascades, DESIGN_COLUMNS) if cascades else {}
    rows = []
    for row in summarise_runs(runs, TIME_CONDITIONS).to_dicts():
        error = errors.get(_key(row, DESIGN_COLUMNS), {})
        latency = latencies.get(_key(row, _KEYS), {})
        peak = peaks.get(_key(row, _KEYS), {})
        values = {key: _mean_std(error, column) for key, column in _ERRORS.items()}
        values |= {key: _mean_std(row, column) for key, column in _TIMES.items()}
        values |= {key: _mean_std(latency, column) for key, column in _LATENCIES.items()}
        values |= {"cascadeError": _NOTHING, "members": _NOTHING}
        values |= read.get(_key(row, DESIGN_COLUMNS), {})
        values["cascade"] = asked.get(_key(row, _KEYS), _NOTHING)
        values["memory"] = [_peak(peak), None, peak.get("num_seeds", 0)]
        values["parameters"] = [row["parameters"], None, row["num_seeds"]]
        rows.append(
            {
                "setting": row["setting"],
                "designClass": row["design_class"],
                "source": row["source"],
                "k": row["k"],
                "depth": row["depth"],
                "width": row["width"],
                "budget": [row["budget_parameters"], row["budget_depth"], row["budget_width"]],
                "fill": _short(row["budget_fill"]),
                "condition": describe_condition(row),
                "ofTimingPass": is_of_timing_pass(row["execution_compared"]),
                "latencyBatch": latency.get("latency_batch_size"),
                "memoryKind": peak.get("memory_kind"),
                "numSeeds": row["num_seeds"],
                "reached": [row["num_seeds_reached_common"], row["num_seeds_compared_common"]],
                "ownTarget": _own_target(row),
                "values": [_rounded(values[key]) for key, _, _ in METRICS],
            }
        )
    return rows


def _key(row: _Row, keys: Iterable[str]) -> tuple[Any, ...]:
    return tuple(row[key] for key in keys)


def _usual_runs(runs: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return the runs with the most common value of a column under their condition."""
    group = ["setting", *TIME_CONDITIONS]
    measured = runs.filter(runs[kind].is_not_null())
    numbers = measured.group_by(*group, kind).len().sort("len", kind)
    usual = numbers.group_by(group, maintain_order=True).last().select(*group, kind)
    return measured.join(usual, on=[*group, kind], how="semi")


def _summarise(runs: pl.DataFrame, conditions: Sequence[str]) -> dict[tuple[Any, ...], _Row]:
    return {_key(row, _KEYS): row for row in summarise_runs(runs, conditions).to_dicts()}


def _rounded(value: Sequence[float | None]) -> list[float | None]:
    mean, std, number = value
    return [_short(mean), _short(std), number]


def _peak(row: _Row) -> float | None:
    on_device = row.get("memory_kind") == DEVICE_MEMORY
    peak = row.get("peak_device_bytes" if on_device else "peak_rss_bytes")
    return None if peak is None else _short(peak / MEBIBYTE)


def _own_target(row: _Row) -> list[float | int | None]:
    """Return the time to the own seed's target, and how many of how many seeds reach it."""
    mean, std, _ = _mean_std(row, "time_to_accuracy_seconds")
    return [mean, std, row["num_seeds_reached"], row["num_seeds_compared"]]


def _mean_std(row: _Row, column: str) -> list[float | None]:
    mean, std = (_short(row.get(f"{column}_{part}")) for part in ("mean", "std"))
    return [mean, std, row.get("num_seeds", 0)]


def _short(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.6g}")
