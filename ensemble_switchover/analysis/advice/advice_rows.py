"""The advice as values for programs, and as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.advice.wording import write_amount
from ensemble_switchover.machine.terminal import ABSENT, ShownTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice, Rival

MAX_RIVALS_SHOWN = 8

_COST_FIELDS = {
    "latency_ms_per_image": "latency_ms",
    "latency_ms_per_image_std": "latency_ms_std",
    "fastest_latency_ms_per_image": "fastest_latency_ms",
    "fastest_latency_ms_per_image_std": "fastest_latency_ms_std",
    "latency_batch_size": "latency_batch_size",
    "peak_memory_bytes": "memory_bytes",
    "memory_kind": "memory_kind",
    "condition": "condition",
}
"""Name of a value -> the field of `MeasuredCost` that holds it."""


def advice_values(
    advice: Advice, sentences: Sequence[str], device_name: str | None, command: str | None
) -> dict[str, Any]:
    """Return the advice as plain values; names hold the units, and absent values are None."""
    return {
        "answer": advice.answer.value,
        "sentences": list(sentences),
        "limits": {name: getattr(advice.limits, name) for name in advice.limits.given},
        "device_name": device_name,
        "best": None if advice.best is None else reading_values(advice.best),
        "class_decided": advice.class_decided,
        "runner_up": None if advice.runner_up is None else _rival_values(advice.runner_up),
        "rivals": [_rival_values(rival) for rival in advice.rivals],
        "cheapest": {name: reading_values(reading) for name, reading in advice.cheapest},
        "bindings": [
            {
                "limits": list(binding.limits),
                "needed": list(binding.needed),
                "fit": reading_values(binding.reading),
            }
            for binding in advice.bindings
        ],
        "outside": [asdict(entry) for entry in advice.outside],
        "num_designs": advice.num_designs,
        "num_fitting": advice.num_feasible,
        "num_runs": advice.num_runs,
        "latency_batch_sizes": list(advice.latency_batch_sizes),
        "at_edge": advice.at_edge,
        "command": command,
    }


def reading_values(reading: Reading) -> dict[str, Any]:
    """Return a design with its error and costs."""
    design, cost, interval = reading.design, reading.candidate.cost, reading.interval
    return {
        "setting": design.setting,
        "family": design.family,
        "design_class": design.design_class,
        "k": design.k,
        "depth": design.depth,
        "width": design.width,
        "parameters": design.parameters,
        "budget_parameters": design.budget_parameters,
        "epoch": reading.epoch,
        "error_percent": reading.error,
        "lower_percent": None if interval is None else interval.lower,
        "upper_percent": None if interval is None else interval.upper,
        "num_seeds": reading.num_seeds,
        "num_runs": design.num_runs,
        "steady_training_seconds": reading.seconds,
        "steady_training_seconds_std": reading.seconds_std,
        **{n: None if cost is None else getattr(cost, field) for n, field in _COST_FIELDS.items()},
    }


def show_advice(advice: Advice) -> ShownTable:
    """Lay out the best design with its rivals or, without rivals, with the runner-up."""
    assert advice.best is not None
    rivals = advice.rivals[:MAX_RIVALS_SHOWN]
    if not rivals and advice.runner_up is not None:
        rivals = (advice.runner_up,)
    error = f"{advice.best.design.measure.capitalize()}, %"
    headers = (
        "", "Design", "Setting", "Parameters", "Epochs", error, "Interval",
        "Training", "Inference, ms/image", "Fastest, ms/image", "Peak memory", "Runs",
    )  # fmt: skip
    rows = [
        ("best", *_cells(advice.best)),
        *(("worse" if rival.is_worse else "rival", *_cells(rival.reading)) for rival in rivals),
    ]
    left_out = len(advice.rivals) - len(rivals)
    caption = (
        "Rivals are not shown to be worse than the best design. "
        "Mean ± sample standard deviation over the seeds."
    )
    if left_out > 0:
        caption += f" {left_out} more rivals are not listed."
    return ShownTable(caption, headers, tuple(rows), 3)


def _cells(reading: Reading) -> tuple[str, ...]:
    cost, interval = reading.candidate.cost, reading.interval
    return (
        reading.design.label,
        reading.design.setting,
        f"{reading.design.parameters:,}",
        f"{reading.epoch}",
        f"{reading.error:.2f}",
        ABSENT if interval is None else f"{interval.lower:.2f} to {interval.upper:.2f}",
        _mean_std(reading.seconds, reading.seconds_std, " s"),
        ABSENT if cost is None else _mean_std(cost.latency_ms, cost.latency_ms_std),
        ABSENT if cost is None else _mean_std(cost.fastest_latency_ms, cost.fastest_latency_ms_std),
        ABSENT
        if cost is None or cost.memory_bytes is None
        else write_amount("memory_bytes", cost.memory_bytes),
        f"{reading.design.num_runs}",
    )


def _mean_std(mean: float | None, std: float | None, unit: str = "") -> str:
    if mean is None:
        return ABSENT
    return f"{mean:.3g}{unit}" if std is None else f"{mean:.3g} ± {std:.2g}{unit}"


def _rival_values(rival: Rival) -> dict[str, Any]:
    interval = rival.interval
    return {
        **reading_values(rival.reading),
        "difference_points": rival.difference,
        "lower_points": None if interval is None else interval.lower,
        "upper_points": None if interval is None else interval.upper,
        "num_pairs": rival.num_pairs,
        "is_worse": rival.is_worse,
    }
