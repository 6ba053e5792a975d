"""An advice as a program reads it, and as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.advice.wording import write_amount, write_interval
from ensemble_switchover.machine.terminal import ABSENT, ShownTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.limits import Fit
    from ensemble_switchover.analysis.advice.rule import Advice, Rival

MAX_RIVALS_SHOWN = 8


def advice_values(
    advice: Advice, sentences: Sequence[str], device_name: str | None, command: str | None
) -> dict[str, Any]:
    """Return what a program reads; units are in the names, what is absent is null."""
    return {
        "answer": advice.answer.value,
        "sentences": list(sentences),
        "limits": {name: getattr(advice.limits, name) for name in advice.limits.given},
        "device_name": device_name,
        "best": None if advice.best is None else fit_values(advice.best),
        "class_decided": advice.class_decided,
        "runner_up": None if advice.runner_up is None else _rival_values(advice.runner_up),
        "rivals": [_rival_values(rival) for rival in advice.rivals],
        "cheapest": {name: fit_values(fit) for name, fit in advice.cheapest},
        "bindings": [
            {
                "limits": list(binding.limits),
                "needed": list(binding.needed),
                "fit": fit_values(binding.fit),
            }
            for binding in advice.bindings
        ],
        "outside": [asdict(entry) for entry in advice.outside],
        "num_designs": advice.num_designs,
        "num_fitting": advice.num_fitting,
        "num_runs": advice.num_runs,
        "latency_batch_sizes": list(advice.latency_batch_sizes),
        "at_edge": advice.at_edge,
        "command": command,
    }


def fit_values(fit: Fit) -> dict[str, Any]:
    """Return a design and what it is expected to take."""
    design, cost = fit.design, fit.candidate.cost
    interval = fit.interval
    return {
        "setting": design.setting,
        "family": design.family,
        "design_class": design.design_class,
        "k": design.k,
        "depth": design.depth,
        "width": design.width,
        "parameters": design.parameters,
        "budget_parameters": design.budget_parameters,
        "epoch": fit.epoch,
        "error_percent": fit.error,
        "lower_percent": None if interval is None else interval.lower,
        "upper_percent": None if interval is None else interval.upper,
        "num_seeds": fit.num_seeds,
        "num_runs": design.num_runs,
        "training_seconds": fit.seconds,
        "training_seconds_std": fit.seconds_std,
        "latency_ms_per_image": None if cost is None else cost.latency_ms,
        "latency_ms_per_image_std": None if cost is None else cost.latency_ms_std,
        "fastest_latency_ms_per_image": None if cost is None else cost.fastest_latency_ms,
        "fastest_latency_ms_per_image_std": None if cost is None else cost.fastest_latency_ms_std,
        "latency_batch_size": None if cost is None else cost.latency_batch_size,
        "peak_memory_bytes": None if cost is None else cost.memory_bytes,
        "memory_kind": None if cost is None else cost.memory_kind,
        "condition": None if cost is None else cost.condition,
    }


def show_fits(advice: Advice) -> ShownTable:
    """Lay out the best design and those that are not shown to be worse, or else the runner-up."""
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
        *(("worse" if rival.is_worse else "rival", *_cells(rival.fit)) for rival in rivals),
    ]
    left_out = len(advice.rivals) - len(rivals)
    caption = "rival: not shown to be worse. Mean ± sample standard deviation over the seeds."
    if left_out > 0:
        caption += f" {left_out} more rivals are not listed."
    return ShownTable(caption, headers, tuple(rows), 3)


def _cells(fit: Fit) -> tuple[str, ...]:
    cost = fit.candidate.cost
    return (
        fit.design.label,
        fit.design.setting,
        f"{fit.design.parameters:,}",
        f"{fit.epoch}",
        f"{fit.error:.2f}",
        ABSENT if fit.interval is None else write_interval(fit.interval).partition("interval ")[2],
        _seconds(fit.seconds, fit.seconds_std),
        ABSENT if cost is None else _latency(cost.latency_ms, cost.latency_ms_std),
        ABSENT if cost is None else _latency(cost.fastest_latency_ms, cost.fastest_latency_ms_std),
        ABSENT
        if cost is None or cost.memory_bytes is None
        else write_amount("memory_bytes", cost.memory_bytes),
        f"{fit.design.num_runs}",
    )


def _seconds(mean: float | None, std: float | None) -> str:
    if mean is None:
        return ABSENT
    return f"{mean:.3g} s" if std is None else f"{mean:.3g} ± {std:.2g} s"


def _latency(mean: float | None, std: float | None) -> str:
    if mean is None:
        return ABSENT
    return f"{mean:.3g}" if std is None else f"{mean:.3g} ± {std:.2g}"


def _rival_values(rival: Rival) -> dict[str, Any]:
    interval = rival.interval
    return {
        **fit_values(rival.fit),
        "difference_points": rival.difference,
        "lower_points": None if interval is None else interval.lower,
        "upper_points": None if interval is None else interval.upper,
        "num_pairs": rival.num_pairs,
        "is_worse": rival.is_worse,
    }
