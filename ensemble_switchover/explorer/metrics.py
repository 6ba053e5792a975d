"""The metrics of every design, one row a design and condition, as a page draws them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.condition_group import describe_condition
from ensemble_switchover.analysis.table import (
    DESIGN_COLUMNS,
    DEVICE_MEMORY,
    summarise_errors,
    summarise_runs,
)

if TYPE_CHECKING:
    import polars as pl

METRICS: tuple[tuple[str, str, str], ...] = (
    ("error", "test error", "%"),
    ("epoch", "training time per epoch", "s"),
    ("training", "training time", "s"),
    ("accuracy", "time to accuracy", "s"),
    ("latency", "inference time per image", "ms"),
    ("fastest", "inference time per image, fastest execution", "ms"),
    ("memory", "peak memory", "MiB"),
    ("layer", "time of a layer", "ms"),
    ("member", "members' error", "%"),
    ("nll", "negative log-likelihood", "nats"),
    ("ece", "calibration error (ECE)", ""),
    ("parameters", "parameters", ""),
)
"""Key in the page, name, unit."""

_ERRORS = {"error": "test_error_percent", "member": "member_test_error_percent"}
_ERRORS |= {"nll": "nll_nats", "ece": "ece"}
_COSTS = {
    "epoch": "epoch_seconds",
    "training": "training_seconds",
    "accuracy": "time_to_accuracy_seconds",
    "latency": "latency_ms_per_image",
    "fastest": "fastest_latency_ms_per_image",
    "layer": "layer_ms",
}
_MEBIBYTE = 1024**2


def metric_rows(runs: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one row a design and condition.

    Errors are of the runs of all conditions, costs of those of one; `values` has a pair of mean and
    sample standard deviation for each of `METRICS`, null where there is none. Numbers have six
    digits.

    Args:
        runs: What `tabulate_runs` returns.
    """
    keys = list(DESIGN_COLUMNS)
    errors = {tuple(row[k] for k in keys): row for row in summarise_errors(runs).to_dicts()}
    rows = []
    for row in summarise_runs(runs).to_dicts():
        error = errors[tuple(row[key] for key in keys)]
        values = {key: _mean_std(error, column) for key, column in _ERRORS.items()}
        values |= {key: _mean_std(row, column) for key, column in _COSTS.items()}
        values["memory"] = [_peak(row), None]
        values["parameters"] = [row["parameters"], None]
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
                "latencyBatch": row["latency_batch_size"],
                "memoryKind": row["memory_kind"],
                "numSeeds": error["num_seeds"],
                "reached": [row["num_seeds_reached"], row["num_seeds_compared"]],
                "values": [values[key] for key, _, _ in METRICS],
            }
        )
    return rows


def _peak(row: dict[str, Any]) -> float | None:
    on_device = row["memory_kind"] == DEVICE_MEMORY
    peak = row["peak_device_bytes" if on_device else "peak_rss_bytes"]
    return None if peak is None else _short(peak / _MEBIBYTE)


def _mean_std(row: dict[str, Any], column: str) -> list[float | None]:
    return [_short(row[f"{column}_mean"]), _short(row[f"{column}_std"])]


def _short(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.6g}")
