"""The advice as values for programs, and as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.advice.headline import headline
from ensemble_switchover.analysis.advice.wording import SPREAD_BESIDE
from ensemble_switchover.analysis.advice.written_amounts import write_amount
from ensemble_switchover.analysis.decision_rule import describe_interval_scope
from ensemble_switchover.analysis.shown_interval import show_interval
from ensemble_switchover.machine.terminal import ABSENT, ShownTable
from ensemble_switchover.results.quality_metrics import capitalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.image_rivals import ImageRivals
    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice, Rival
    from ensemble_switchover.analysis.advice.short_list import ShortList
    from ensemble_switchover.analysis.advice.trained_designs import CascadeFacts, TrainedDesign
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.error_interval import ErrorInterval
    from ensemble_switchover.results.quality_metrics import QualityMetric

BORROWED = "*"
"""Marks an interval whose spread is also that of the budgets beside it."""
MAX_DESIGNS_SHOWN = 9
"""Most designs that the table shows."""

_COST_FIELDS = {
    "latency_ms_per_image": "latency_ms",
    "latency_ms_per_image_std": "latency_ms_std",
    "fastest_latency_ms_per_image": "fastest_latency_ms",
    "fastest_latency_ms_per_image_std": "fastest_latency_ms_std",
    "latency_p99_ms_per_image": "latency_p99_ms",
    "latency_batch_size": "latency_batch_size",
    "peak_memory_bytes": "memory_bytes",
    "memory_kind": "memory_kind",
    "condition": "condition",
}
"""Name of a value -> the field of `MeasuredCost` that holds it."""


def advice_values(
    advice: Advice,
    sentences: Sequence[str],
    device_name: str | None,
    command: str | None,
    other: Advice | None = None,
    over_images: ImageRivals | None = None,
) -> dict[str, Any]:
    """Return the advice as plain values; names hold the units, and absent values are None.

    Args:
        advice: The advice.
        sentences: The sentences that describe it.
        device_name: The device on which costs were measured.
        command: The command that trains the design.
        other: The advice with the collapsed runs in where `advice` is without them, or the other
            way round.
        over_images: The rivals with the sampling of the test images in, where it is known.
    """
    confidence = advice.rule.confidence
    return {
        "answer": advice.answer.value,
        "sentences": list(sentences),
        "limits": {name: getattr(advice.limits, name) for name in advice.limits.given},
        "device_name": device_name,
        "rule": {
            "method": advice.rule.method,
            "confidence": confidence,
            "keep_collapsed": advice.rule.keep_collapsed,
            **({} if advice.rule.quality.is_error else {"metric": advice.rule.metric}),
        },
        "best": None if advice.best is None else reading_values(advice.best, confidence),
        "recommended": None
        if advice.recommended is None
        else reading_values(advice.recommended, confidence),
        "short_list": None
        if advice.short_list is None
        else _short_list_values(advice.short_list, advice.rule),
        "class_decided": advice.class_decided,
        "runner_up": None
        if advice.runner_up is None
        else _rival_values(advice.runner_up, advice.rule),
        "rivals": [_rival_values(rival, advice.rule) for rival in advice.rivals],
        "with_images": None
        if over_images is None
        else {
            "num_images": over_images.num_images,
            "rivals": [reading_values(r.reading, confidence) for r in over_images.rivals],
        },
        "cheapest": {
            name: reading_values(reading, confidence) for name, reading in advice.cheapest
        },
        "bindings": [
            {
                "limits": list(binding.limits),
                "needed": list(binding.needed),
                "fit": reading_values(binding.reading, confidence),
            }
            for binding in advice.bindings
        ],
        "outside": [asdict(entry) for entry in advice.outside],
        "num_designs": advice.num_designs,
        "num_fitting": advice.num_feasible,
        "num_runs": advice.num_runs,
        "collapsed": [{"study": run.study, "name": run.name} for run in advice.collapsed],
        "collapse_counts": [asdict(entry) for entry in advice.collapse_counts],
        "other_treatment_of_collapsed": None if other is None else _answer_values(other),
        "latency_batch_sizes": list(advice.latency_batch_sizes),
        "at_edge": advice.at_edge,
        "command": command,
    }


def _short_list_values(listed: ShortList, rule: DecisionRule) -> dict[str, Any]:
    confidence = rule.confidence
    return {
        f"margin_{rule.quality.unit.suffix}": listed.margin,
        "is_margin_given": listed.is_given,
        "cheapest_by": listed.cost,
        "designs": [reading_values(reading, confidence) for reading in listed.readings],
    }


def _answer_values(advice: Advice) -> dict[str, Any]:
    return {
        "keep_collapsed": advice.rule.keep_collapsed,
        "answer": advice.answer.value,
        "sentence": headline(advice),
        "best": None
        if advice.best is None
        else reading_values(advice.best, advice.rule.confidence),
    }


def reading_values(reading: Reading, confidence: float) -> dict[str, Any]:
    """Return a design with its error and costs.

    Args:
        reading: The design, read after one epoch.
        confidence: Confidence of the interval of the error; where another metric is compared, its
            mean and its interval follow.
    """
    design, cost = reading.design, reading.candidate.cost
    interval = reading.interval_of_error(confidence)
    return {
        "setting": design.setting,
        "family": design.family,
        "design_class": design.design_class,
        "k": design.k,
        "depth": design.depth,
        "width": design.width,
        **_cascade_values(design.cascade),
        "parameters": design.parameters,
        "budget_parameters": design.budget_parameters,
        "epoch": reading.epoch,
        "error_percent": reading.error,
        "lower_percent": None if interval is None else interval.lower,
        "upper_percent": None if interval is None else interval.upper,
        "is_spread_borrowed": None if interval is None else interval.is_borrowed,
        **_metric_values(reading, confidence),
        "num_seeds": reading.num_seeds,
        "num_runs": design.num_runs,
        "num_collapsed": len(design.collapsed),
        "steady_training_seconds": reading.seconds,
        "steady_training_seconds_std": reading.seconds_std,
        **{n: None if cost is None else getattr(cost, field) for n, field in _COST_FIELDS.items()},
    }


def _cascade_values(cascade: CascadeFacts | None) -> dict[str, Any]:
    """Return what makes a design a cascade; nothing of others."""
    if cascade is None:
        return {}
    values = {
        "rule": cascade.rule,
        "chosen_on": list(cascade.chosen_on),
        "mean_members": cascade.mean_members,
        "members_p99": cascade.members_p99,
        "whole_error_percent": cascade.whole_error_percent,
    }
    return {"cascade": values}


def _metric_values(reading: Reading, confidence: float) -> dict[str, Any]:
    """Return the mean of what is compared, with its interval, where that is not the error."""
    metric, interval = reading.design.metric, reading.interval(confidence)
    if metric.is_error:
        return {}
    bounds: tuple[float | None, float | None] = (None, None)
    if interval is not None:
        bounds = metric.shown_bounds(interval.lower, interval.upper)
    return {
        metric.column: metric.shown(reading.loss),
        f"lower_{metric.column}": bounds[0],
        f"upper_{metric.column}": bounds[1],
        f"is_spread_borrowed_{metric.column}": None if interval is None else interval.is_borrowed,
    }


def show_advice(advice: Advice) -> ShownTable:
    """Lay out what to build, the best design and its rivals or, without rivals, the runner-up."""
    assert advice.best is not None
    assert advice.short_list is not None
    confidence = advice.rule.confidence
    scope = describe_interval_scope({advice.best.design.evaluated_on})
    metric, design = advice.rule.quality, advice.best.design
    header = f"{capitalised(design.compared)}, {metric.unit.symbol}"
    headers = (
        "", "Design", "Setting", "Parameters", "Epochs", header, "Interval",
        "Training", "Inference, ms/image", "Fastest, ms/image", "Peak memory", "Runs",
    )  # fmt: skip
    shown = rank_rows(advice)
    rows = [
        (standing, *_cells(reading, confidence)) for standing, reading in shown[:MAX_DESIGNS_SHOWN]
    ]
    caption = (
        f"As good: within {metric.write_margin(advice.short_list.margin)} of the {metric.best_end} "
        f"mean {metric.noun}. "
        "Rivals are further off, but not shown to be worse than the best design "
        f"({advice.rule.interval_name} of the difference). Interval: {100.0 * confidence:g} % t "
        f"interval of the mean. {scope} Mean ± sample standard deviation over the seeds."
    )
    if any(BORROWED in cell for row in rows for cell in row):
        caption += f" {BORROWED} Few seeds: the spread is {SPREAD_BESIDE}."
    left_out = len(shown) - len(rows)
    if left_out > 0:
        caption += f" {left_out} more rivals are not listed."
    secondary = ("Fastest, ms/image", "Setting", "Epochs", "Peak memory", "Runs")
    return ShownTable(caption, headers, tuple(rows), 3, secondary)


def rank_rows(advice: Advice) -> list[tuple[str, Reading]]:
    """List the designs that count, each with its standing: what to build, as good, rivals, worse.

    The design to build is the best one, or the cheapest that is as good; the best then follows.
    """
    assert advice.best is not None
    assert advice.short_list is not None
    first, *others = advice.short_list.readings
    rows = [("best" if first is advice.best else "build", first)]
    rows += [("best" if other is advice.best else "as good", other) for other in others]
    listed = {id(reading) for reading in advice.short_list.readings}
    rows += [("rival", r.reading) for r in advice.rivals if id(r.reading) not in listed]
    if not advice.rivals and advice.runner_up is not None:
        rows.append(("worse", advice.runner_up.reading))
    return rows


def _cells(reading: Reading, confidence: float) -> tuple[str, ...]:
    cost, interval = reading.candidate.cost, reading.interval(confidence)
    return (
        reading.design.label,
        reading.design.setting,
        f"{reading.design.parameters:,}",
        f"{reading.epoch}",
        reading.design.metric.write_number(reading.loss),
        ABSENT if interval is None else _write_bounds(interval, reading.design.metric),
        _mean_std(reading.seconds, reading.seconds_std, " s"),
        ABSENT if cost is None else _mean_std(cost.latency_ms, cost.latency_ms_std),
        ABSENT if cost is None else _mean_std(cost.fastest_latency_ms, cost.fastest_latency_ms_std),
        ABSENT
        if cost is None or cost.memory_bytes is None
        else write_amount("memory_bytes", cost.memory_bytes),
        write_runs(reading.design),
    )


def _write_bounds(interval: ErrorInterval, metric: QualityMetric) -> str:
    mark = BORROWED if interval.is_borrowed else ""
    return f"{metric.write_bounds(interval.lower, interval.upper)}{mark}"


def write_runs(design: TrainedDesign) -> str:
    """Write the number of runs of a design, and how many of them collapsed."""
    collapsed = f" ({len(design.collapsed)} collapsed)" if design.collapsed else ""
    return f"{design.num_runs}{collapsed}"


def _mean_std(mean: float | None, std: float | None, unit: str = "") -> str:
    if mean is None:
        return ABSENT
    return f"{mean:.3g}{unit}" if std is None else f"{mean:.3g} ± {std:.2g}{unit}"


def _rival_values(rival: Rival, rule: DecisionRule) -> dict[str, Any]:
    metric = rule.quality
    interval = None if rival.interval is None else show_interval(rival.interval, metric)
    difference, suffix = rival.difference, metric.unit.suffix
    return {
        **reading_values(rival.reading, rule.confidence),
        f"difference_{suffix}": None if difference is None else metric.shown_difference(difference),
        f"lower_{suffix}": None if interval is None else interval.lower,
        f"upper_{suffix}": None if interval is None else interval.upper,
        "num_rival_seeds": rival.num_rival_seeds,
        "num_best_seeds": rival.num_best_seeds,
        "is_worse": rival.is_worse,
    }
