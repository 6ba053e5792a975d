"""The summary as tables for people, with units, means and standard deviations."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ensemble_switchover.analysis.condition_group import describe_differences
from ensemble_switchover.analysis.design_table import DEVICE_MEMORY
from ensemble_switchover.analysis.statistics import sample_mean, sample_std
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.machine.terminal import ABSENT, ShownTable, percent
from ensemble_switchover.machine.units import MEBIBYTE
from ensemble_switchover.reporting.times_wording import (
    has_timing_passes,
    seconds_of_epochs,
    training_time,
)
from ensemble_switchover.results.quality_metrics import capitalised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from ensemble_switchover.analysis.switchover.error_grid import ErrorGrid
    from ensemble_switchover.results.quality_metrics import QualityMetric

    _Columns = dict[str, Callable[[dict[str, Any]], str]]

DesignOfBudget: TypeAlias = tuple[str, int, int, int]
"""Design class, and parameters, depth and width of the budget."""

_DESIGN_OF_BUDGET = ("design_class", "budget_parameters", "budget_depth", "budget_width")
_BUDGET = "Budget, parameters"
_DEVICE_BYTES = "Peak device memory, MiB"
_BESIDE_IMAGES = "Peak device memory without images, MiB"
_PROCESS_BYTES = "Peak process memory (resident), MiB"


_BRIEF_SECONDARY = ("Parameters", "without images", "RSS, MiB", "Device, MiB", "Fill")
"""Columns of the brief summary that a narrow terminal is not given, the first to go first."""


class ComparedMetric(NamedTuple):
    """What designs are compared by in place of their errors, with its values."""

    metric: QualityMetric
    name: str
    """With the images, such as `test NLL`."""
    losses: Mapping[DesignOfBudget, Sequence[float]]
    """Design -> the finite loss of every seed after the last epoch."""


def compared_metric(grid: ErrorGrid, name: str) -> ComparedMetric | None:
    """Return what a grid compares, for the tables; None where that is the error.

    Args:
        grid: What is compared.
        name: Its name with the images.
    """
    if grid.metric.is_error:
        return None
    last = len(grid.epochs) - 1
    losses: dict[DesignOfBudget, list[float]] = {}
    for design_class in DESIGN_CLASSES:
        for column, budget in enumerate(grid.budgets):
            key = (design_class, budget.parameters, budget.depth, budget.width)
            losses[key] = list(grid.errors(design_class, column, last).values())
    return ComparedMetric(grid.metric, name, losses)


class _Target(NamedTuple):
    """A target of the time to accuracy, by its columns in a summary."""

    column: str
    suffix: str
    """End of the names of its counts."""


_COMMON = _Target("time_to_common_target_seconds", "_common")
_OWN = _Target("time_to_accuracy_seconds", "")


def show_summary(
    summary: pl.DataFrame,
    measure: str,
    *,
    brief: bool = False,
    compared: ComparedMetric | None = None,
) -> ShownTable:
    """Tabulate the summary of one comparison.

    Args:
        summary: A frame from `summarise_runs`.
        measure: Name of the error, `test error` or `validation error`.
        brief: Leave out columns, and the spread of times, so that the table fits a terminal.
        compared: What designs are compared by, where that is not the error.

    Returns:
        A table with one row for each design and condition.
    """
    rows = summary.to_dicts()
    columns = _brief_columns(rows, compared) if brief else _all_columns(rows, measure, compared)
    caption = _caption(rows, measure, brief=brief)
    if compared is not None:
        caption += (
            f" Designs are compared{compared.metric.by_name}, of which mean and deviation are "
            "likewise."
        )
    secondary = tuple(name for name in _BRIEF_SECONDARY if name in columns) if brief else ()
    differences = describe_differences(rows)
    if any(differences):
        rows = [{**row, "condition": text} for row, text in zip(rows, differences, strict=True)]
        columns = {**columns, "Condition": lambda row: str(row["condition"])}
    laid_out = _lay_out(rows, columns, caption, 2)
    return replace(laid_out, secondary=secondary, num_last_text_columns=int(any(differences)))


def _metric_column(compared: ComparedMetric | None, *, brief: bool = False) -> _Columns:
    """Return the column of what designs are compared by, where that is not the error."""
    if compared is None:
        return {}
    metric, name = compared.metric, compared.metric.noun if brief else compared.name

    def write(row: dict[str, Any]) -> str:
        key = tuple(row[part] for part in _DESIGN_OF_BUDGET)
        losses = compared.losses.get(key, ())
        if not losses:
            return ABSENT
        mean, std = metric.write_number(sample_mean(losses)), sample_std(losses)
        return mean if std is None else f"{mean} ± {std:.{metric.unit.decimals}f}"

    return {f"{capitalised(name)}, {metric.unit.symbol}": write}


def _all_columns(
    rows: list[dict[str, Any]], measure: str, compared: ComparedMetric | None
) -> _Columns:
    return {
        _BUDGET: _budget,
        "Class": lambda row: str(row["design_class"]),
        # what matters most comes first, so that a phone shows it
        **_metric_column(compared),
        _error_header(measure): lambda row: _mean_std(row, "error_percent", num_decimals=2),
        "Seeds": _seeds,
        "Depth": lambda row: f"{row['depth']}",
        "Width": lambda row: f"{row['width']}",
        "k": lambda row: f"{row['k']}",
        "Parameters": lambda row: f"{row['parameters']:,}",
        "Fill": lambda row: percent(row["budget_fill"]),
        "Training, s/epoch": lambda row: _mean_std(row, "epoch_seconds"),
        "Time to accuracy, s": lambda row: _time_to_accuracy(row, _COMMON),
        **{f"Latency, ms/image (batch {size})": _latency_at(size) for size in _batch_sizes(rows)},
        **_memory_columns(rows),
        "Members' error, %": lambda row: _number(row["mean_member_error_percent_mean"], ".2f"),
        "NLL, nats": lambda row: _number(row["nll_nats_mean"], ".3f"),
        "ECE": lambda row: _number(row["ece_mean"], ".3f"),
    }


def _brief_columns(rows: list[dict[str, Any]], compared: ComparedMetric | None) -> _Columns:
    """Return the columns for a terminal of 100 characters a line; times are without a spread."""
    sizes = _batch_sizes(rows)
    latencies = {f"ms/image, batch {size}": _latency_at(size, spread=False) for size in sizes}
    if len(sizes) == 1:  # the caption states it
        latencies = {"ms/image": _latency_at(sizes[0], spread=False)}
    shorter = {
        _DEVICE_BYTES: "Device, MiB",
        _BESIDE_IMAGES: "without images",
        _PROCESS_BYTES: "RSS, MiB",
    }
    return {
        # Depth and width of the budget are in the row of its single network.
        "Budget": lambda row: f"{row['budget_parameters']:,}",
        "Class": lambda row: str(row["design_class"]),
        "Network": lambda row: f"{row['depth']}x{row['width']}",
        "k": lambda row: f"{row['k']}",
        "Parameters": lambda row: f"{row['parameters']:,}",
        "Fill": lambda row: percent(row["budget_fill"]),
        "Seeds": _seeds_briefly,
        **_metric_column(compared, brief=True),
        "Error, %": lambda row: _mean_std(row, "error_percent", num_decimals=2),
        "s/epoch": lambda row: _mean(row, "epoch_seconds"),
        **latencies,
        **{shorter[name]: write for name, write in _memory_columns(rows).items()},
    }


def show_times_to_accuracy(summary: pl.DataFrame, measure: str) -> ShownTable:
    """Tabulate the times to accuracy of the design classes side by side (Figure 5 of the paper).

    Each row holds the runs under one condition. The times are those to the common target, and to
    the target of each run's own seed. The ratio of the former to the single network's own time is
    given if every seed reached the target.

    Args:
        summary: A frame from `summarise_runs`.
        measure: Name of the error, `test error` or `validation error`.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    designs = summary.to_dicts()
    for design, condition in zip(designs, describe_differences(designs), strict=True):
        key = (_budget(design), condition)
        row = rows.setdefault(key, {"budget": key[0], "condition": key[1]})
        # Rows of one class that differ only in memory kind or batch size hold comparable seconds of
        # different seeds; they are listed, not averaged.
        row.setdefault(str(design["design_class"]), []).append(design)
    shown = [name for name in DESIGN_CLASSES if any(name in row for row in rows.values())]
    columns: dict[str, Callable[[dict[str, Any]], str]] = {_BUDGET: lambda row: str(row["budget"])}
    if len({condition for _, condition in rows}) > 1:
        columns["Condition"] = lambda row: str(row["condition"])
    num_text_columns = len(columns)
    ensembles = [name for name in shown if name != "single"]
    columns["Target, %"] = _target
    columns.update({f"{name}, s": _times_of(name, _COMMON) for name in shown})
    columns.update({f"{name} / single": _quotient(name) for name in ensembles})
    columns.update({f"{name}, own seed's target, s": _times_of(name, _OWN) for name in ensembles})
    without = _without_collapsed(summary.to_dicts())
    caption = (
        f"Training seconds until the {measure} first reaches the target: the mean over the seeds "
        f"of the single network's lowest {measure}{without}. The single network's "
        "own time is that to its own lowest. Own seed's target: the lowest of the single network "
        f"of the same seed, as in the paper. {seconds_of_epochs(summary.to_dicts())} If not "
        "every seed reaches a target, the number of seeds that do is given instead of a mean."
    )
    return _lay_out(list(rows.values()), columns, caption, num_text_columns)


def show_runs_of_comparison(runs: pl.DataFrame, measure: str) -> ShownTable:
    """List the runs by name.

    Args:
        runs: A frame from `tabulate_runs`.
        measure: Name of the error, `test error` or `validation error`.
    """
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        _BUDGET: _budget,
        "Class": lambda row: str(row["design_class"]),
        "Seed": lambda row: str(row["seed"]),
        _error_header(measure): lambda row: _number(row["error_percent"], ".2f"),
        "Training, s/epoch": lambda row: _number(row["epoch_seconds"], ".3g"),
    }
    rows = runs.to_dicts()
    num_numbers = len(columns) - 2
    columns["Run"] = lambda row: str(row["name"])
    if any(row["flags"] for row in rows):
        columns["Flags"] = lambda row: str(row["flags"])
    if len({row["times_of"] for row in rows}) > 1:
        columns["Times of"] = lambda row: str(row["times_of"])
    if len({row["study"] for row in rows}) > 1:
        columns["Study"] = lambda row: str(row["study"])
    caption = "Every finished run after its last epoch."
    if has_timing_passes(rows):
        caption += f" Training: {training_time(rows)}."
    laid_out = _lay_out(rows, columns, caption, 2)
    return replace(laid_out, num_last_text_columns=len(columns) - 2 - num_numbers)


def _lay_out(
    rows: list[dict[str, Any]],
    columns: dict[str, Callable[[dict[str, Any]], str]],
    caption: str,
    num_text_columns: int,
) -> ShownTable:
    cells = tuple(tuple(write(row) for write in columns.values()) for row in rows)
    return ShownTable(caption, tuple(columns), cells, num_text_columns)


def _seeds(row: dict[str, Any]) -> str:
    left_out = row["num_left_out"]
    return f"{row['num_seeds']} ({left_out} collapsed)" if left_out else f"{row['num_seeds']}"


def _seeds_briefly(row: dict[str, Any]) -> str:
    left_out = row["num_left_out"]
    return f"{row['num_seeds']} of {row['num_seeds'] + left_out}" if left_out else _seeds(row)


def _error_header(measure: str) -> str:
    return f"{measure.capitalize()}, %"


def _times_of(name: str, target: _Target) -> Callable[[dict[str, Any]], str]:
    return lambda row: (
        "; ".join(_time_to_accuracy(design, target) for design in row.get(name, [])) or ABSENT
    )


def _target(row: dict[str, Any]) -> str:
    designs = [design for name in DESIGN_CLASSES for design in row.get(name, [])]
    return _number(designs[0]["common_target_error_percent"], ".2f")


def _quotient(name: str) -> Callable[[dict[str, Any]], str]:
    def write(row: dict[str, Any]) -> str:
        designs, singles = row.get(name, []), row.get("single", [])
        if len(designs) != 1 or len(singles) != 1:
            return ABSENT
        seconds, single_seconds = (
            design["time_to_common_target_seconds_mean"] for design in (*designs, *singles)
        )
        if seconds is None or not single_seconds:
            return ABSENT
        return f"{seconds / single_seconds:.2f}"

    return write


def _caption(rows: list[dict[str, Any]], measure: str, *, brief: bool) -> str:
    text = (
        f"{measure.capitalize()}: mean ± sample standard deviation over the seeds after the last "
        f"epoch{_without_collapsed(rows)}. Training: {training_time(rows)}, all members together."
    )
    if not brief:
        text += (
            f" Time to accuracy: training seconds to the mean over the seeds of the lowest "
            f"{measure} of the single network of the budget, or the number of seeds that reached "
            "it if not all did."
        )
    else:
        text += " Network: depth x width of a member."
        if len(_batch_sizes(rows)) == 1:
            text += f" ms/image: inference in batches of {_batch_sizes(rows)[0]}."
    if any(row["num_seeds"] == 1 for row in rows):
        text += " A single seed has no standard deviation."
    return text


def _without_collapsed(rows: list[dict[str, Any]]) -> str:
    """Say that collapsed runs are in no error, where there were any and they were left out."""
    return ", without collapsed runs" if any(row["num_left_out"] for row in rows) else ""


def _budget(row: dict[str, Any]) -> str:
    return f"{row['budget_parameters']:,} ({row['budget_depth']}x{row['budget_width']})"


def _time_to_accuracy(row: dict[str, Any], target: _Target) -> str:
    num_compared = row[f"num_seeds_compared{target.suffix}"]
    num_reached = row[f"num_seeds_reached{target.suffix}"]
    if not num_compared:
        return ABSENT
    if num_reached < row["num_seeds"]:
        return f"{num_reached} of {num_compared} seeds"
    return _mean_std(row, target.column)


def _batch_sizes(rows: list[dict[str, Any]]) -> list[int]:
    """Return the batch sizes of the measured latencies."""
    return sorted({row["latency_batch_size"] for row in rows if row["latency_batch_size"]})


def _latency_at(batch_size: int, *, spread: bool = True) -> Callable[[dict[str, Any]], str]:
    def write(row: dict[str, Any]) -> str:
        if row["latency_batch_size"] != batch_size:
            return ABSENT
        return (_mean_std if spread else _mean)(row, "latency_ms_per_image")

    return write


def _memory_columns(rows: list[dict[str, Any]]) -> _Columns:
    kinds = {row["memory_kind"] for row in rows}
    columns: _Columns = {}
    if DEVICE_MEMORY in kinds:
        columns[_DEVICE_BYTES] = lambda row: _mebibytes(row["peak_device_bytes"])
        if any(row["resident_image_bytes"] for row in rows):
            columns[_BESIDE_IMAGES] = lambda row: _mebibytes(row["peak_device_beside_images_bytes"])
    if kinds - {DEVICE_MEMORY, None}:
        columns[_PROCESS_BYTES] = lambda row: _mebibytes(row["peak_rss_bytes"])
    return columns


def _mebibytes(num_bytes: int | None) -> str:
    return ABSENT if num_bytes is None else f"{num_bytes / MEBIBYTE:,.0f}"


def _mean_std(row: dict[str, Any], column: str, num_decimals: int | None = None) -> str:
    mean, std = row[f"{column}_mean"], row[f"{column}_std"]
    if mean is None:
        return ABSENT
    digits = _decimals(mean) if num_decimals is None else num_decimals
    return f"{mean:,.{digits}f}" if std is None else f"{mean:,.{digits}f} ± {std:,.{digits}f}"


def _mean(row: dict[str, Any], column: str) -> str:
    return _mean_std({**row, f"{column}_std": None}, column)


def _decimals(value: float) -> int:
    """Return the number of decimals that show three digits of a value."""
    if value == 0.0 or not math.isfinite(value):
        return 0
    return min(6, max(0, 2 - math.floor(math.log10(abs(value)))))


def _number(value: float | None, form: str) -> str:
    return ABSENT if value is None else f"{value:{form}}"
