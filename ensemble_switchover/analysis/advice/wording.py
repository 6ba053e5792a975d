"""The advice in English sentences."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.limits import amount_used
from ensemble_switchover.analysis.advice.rule import AdviceAnswer
from ensemble_switchover.analysis.collapse_counts import describe_collapses
from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.analysis.decision_rule import (
    INTERVAL_NAMES,
    MIN_SEEDS,
    describe_interval_scope,
)
from ensemble_switchover.analysis.design_table import PROCESS_MEMORY
from ensemble_switchover.analysis.statistics import write_interval
from ensemble_switchover.machine.terminal import count, digits, mebibytes, rough_duration
from ensemble_switchover.machine.units import HOUR_SECONDS, MEBIBYTE

if TYPE_CHECKING:
    from ensemble_switchover.analysis.advice.binding_limits import BindingLimits
    from ensemble_switchover.analysis.advice.image_rivals import ImageRivals
    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice, OutOfRange, Rival
    from ensemble_switchover.analysis.decision_rule import DecisionRule

NAMES = {
    "parameters": "number of parameters",
    "epochs": "number of epochs",
    "hours": "training time",
    "memory_bytes": "memory",
    "latency_ms": "inference time",
    "fastest_latency_ms": "inference time with the fastest execution",
    "accuracy_percent": "accuracy",
}
"""Name of a limit -> the limited quantity in words."""

MAX_NAMED = 6
"""Most designs that a sentence names."""

LATENCY_EXECUTION = "with the members run one after another unless the fastest execution is named"
"""How inference was timed."""


def describe_advice(
    advice: Advice, other: Advice | None = None, over_images: ImageRivals | None = None
) -> tuple[str, ...]:
    """Return the advice in sentences, or the reasons why there is none; the answer comes first.

    The sentences hold names of settings and devices as they stand in the records.

    Args:
        advice: The advice.
        other: The advice with the collapsed runs in where `advice` is without them, or the other
            way round; without it, the sentences say nothing of it.
        over_images: The rivals with the sampling of the test images in, where it is known.
    """
    return (
        headline(advice),
        *([] if advice.best is None else _evidence(advice)),
        *_describe_other_times(advice),
        *([] if over_images is None else [_describe_image_rivals(advice, over_images)]),
        *describe_collapse(advice, other),
        *([] if advice.best is None else _remarks(advice)),
    )


def _describe_image_rivals(advice: Advice, over_images: ImageRivals) -> str:
    number = len(over_images.rivals)
    measured = advice.others[0].reading.design.evaluated_on
    told = f"With the sampling of the {over_images.num_images:,} {measured} images in, "
    if number == len(advice.rivals):
        return f"{told}the answer is the same."
    designs = f"{count(number, 'other design')} {'is' if number == 1 else 'are'}"
    return f"{told}it is undecided: {designs} not shown to be worse."


def _describe_other_times(advice: Advice) -> list[str]:
    """Say how many designs have times on the device that do not compare with the others'."""
    number = advice.num_other_times
    if not number:
        return []
    have, they = ("has", "it meets") if number == 1 else ("have", "they meet")
    return [
        f"{count(number, 'design')} {have} times on this device that do not compare with the "
        f"others' (of runs themselves, or of timing passes); {they} no limit on time or memory."
    ]


def headline(advice: Advice) -> str:
    """Return the answer in one sentence, or the reasons why there is none."""
    if advice.answer is AdviceAnswer.OUTSIDE:
        reasons = [_describe_out_of_range(entry) for entry in advice.outside]
        why = "; ".join(reasons) or "no run has a finite error"
        return f"Outside what was measured: {why}. Nothing is extrapolated."
    return _describe_bindings(advice) if advice.best is None else _describe_best(advice)


def describe_collapse(advice: Advice, other: Advice | None = None) -> list[str]:
    """Name and count the collapsed runs, and state the answer of the other treatment of them.

    Args:
        advice: The advice.
        other: The advice with the collapsed runs in where `advice` is without them, or the other
            way round.
    """
    if not advice.collapsed:
        return []
    names = [record.name for record in advice.collapsed]
    kept = advice.rule.keep_collapsed
    are = "is" if len(names) == 1 else "are"
    where = f"{are} counted in every error" if kept else f"{are} left out of errors"
    sentences = [f"{count(len(names), 'run')} collapsed and {where}: {name_first_few(names)}."]
    counts = describe_collapses(advice.collapse_counts, advice.rule.confidence)
    if counts:
        sentences.append(f"{counts}.")
    if other is not None:
        answer, there = (
            headline(other),
            "Without collapsed runs" if kept else "With collapsed runs in",
        )
        same = answer == headline(advice)
        sentences.append(f"{there}, the answer is the same." if same else f"{there}: {answer}")
    return sentences


def describe_reading(reading: Reading) -> str:
    """Name a design, its setting and its number of epochs."""
    return f"{reading.design.label} ({reading.design.setting}), {count(reading.epoch, 'epoch')}"


def write_amount(name: str, value: float) -> str:
    """Write a limited quantity with its unit.

    >>> write_amount("parameters", 206734), write_amount("hours", 0.02)
    ('206,734 parameters', '0.02 h (1.2 min)')
    >>> write_amount("memory_bytes", 8 * 2**30), write_amount("latency_ms", 0.6020079)
    ('8,192 MiB', '0.602 ms')
    """
    if name in ("parameters", "epochs"):
        return count(round(value), name.removesuffix("s"))
    if name == "hours":
        return f"{digits(value, 3)} h ({rough_duration(value * HOUR_SECONDS)})"
    if name == "memory_bytes":
        return mebibytes(value)
    return f"{value:.2f} %" if name == "accuracy_percent" else f"{digits(value, 3)} ms"


def round_outward(name: str, value: float) -> float:
    """Round a value to the digits of `write_amount`, towards the looser limit.

    A limit set to the printed value then admits the design.

    >>> round_outward("latency_ms", 0.60201), round_outward("accuracy_percent", 93.456)
    (0.603, 93.45)
    """
    if name in ("parameters", "epochs"):
        return value
    if name == "accuracy_percent":
        return math.floor(100.0 * value) / 100.0
    if name == "memory_bytes":
        return float(math.ceil(value / MEBIBYTE) * MEBIBYTE)
    exact = Decimal(str(value))
    step = Decimal(10) ** (exact.adjusted() - 2)
    return float((exact / step).to_integral_value(ROUND_CEILING) * step)


def _describe_best(advice: Advice) -> str:
    assert advice.best is not None
    design = describe_reading(advice.best)
    if advice.answer is AdviceAnswer.DECIDED:
        return f"Build {design}."
    number = len(advice.rivals)
    others = f"{count(number, 'other design')} {'is' if number == 1 else 'are'}"
    text = f"Undecided: {design}, has the lowest mean error, but {others} not shown to be worse."
    if advice.class_decided:
        k = advice.best.design.k
        members = "" if k == 1 else f" with {k} members"
        text += f" The class is decided: all are {advice.best.design.design_class}{members}."
    return text


def _evidence(advice: Advice) -> list[str]:
    assert advice.best is not None
    sentences = [
        f"Based on {count(advice.best.design.num_runs, 'run')} of this design "
        f"({count(advice.best.num_seeds, 'seed')}). Designs considered: {advice.num_designs} "
        f"({count(advice.num_runs, 'run')}); within the limits: {advice.num_feasible}."
    ]
    if advice.runner_up is None:
        sentences.append("No other design meets the limits, so there is no comparison.")
    else:
        sentences.append(f"Runner-up: {_describe_rival(advice.runner_up, advice.rule)}.")
    scope = describe_interval_scope({advice.best.design.evaluated_on})
    return [*sentences, *_lacking_seeds(advice), scope]


def _describe_rival(rival: Rival, rule: DecisionRule) -> str:
    name = describe_reading(rival.reading)
    if rival.difference is None:
        return f"{name}; it shares no seed with the best design, so their errors cannot be paired"
    interval = "no interval"
    if rival.interval is not None:
        interval = write_interval(rival.interval, "+.2f", INTERVAL_NAMES[rule.method])
    elif min(rival.num_rival_seeds, rival.num_best_seeds) >= MIN_SEEDS:
        interval = f"no interval, since {rule.why_no_interval}"
    seeds = f"{rival.num_rival_seeds} against {count(rival.num_best_seeds, 'seed')}"
    if rule.method == "paired_t":
        seeds = count(rival.num_rival_seeds, "paired seed")
    points = f"{rival.difference:+.2f} percentage points, {interval}"
    return f"{name}; its error minus the best design's is {points} ({seeds})"


def _lacking_seeds(advice: Advice) -> list[str]:
    """Name the designs about which too few seeds decide nothing."""
    assert advice.best is not None
    needed = f"; {MIN_SEEDS} are needed to decide"
    if advice.rivals and advice.best.num_seeds < MIN_SEEDS:
        return [f"The best design has {count(advice.best.num_seeds, 'seed')}{needed}."]
    few = [rival for rival in advice.rivals if rival.num_rival_seeds < MIN_SEEDS]
    paired = " in common with the best design" if advice.rule.method == "paired_t" else ""
    named = [
        f"{describe_reading(r.reading)}, has {count(r.num_rival_seeds, 'seed')}{paired}"
        for r in few[:MAX_NAMED]
    ]
    if len(few) > MAX_NAMED:
        named.append(f"{len(few) - MAX_NAMED} more rivals have fewer than {MIN_SEEDS}{paired}")
    return [f"{'; '.join(named)}{needed}."] if named else []


def _remarks(advice: Advice) -> list[str]:
    assert advice.best is not None
    return [
        *_cheapest_designs(advice, advice.best),
        *_caveats(advice, advice.best),
        *_measuring_conditions(advice, advice.best),
    ]


def _cheapest_designs(advice: Advice, best: Reading) -> list[str]:
    sentences = []
    for name, reading in advice.cheapest:
        value = amount_used(reading, name)
        is_listed = name == "fastest_latency_ms" and value == amount_used(reading, "latency_ms")
        if reading is not best and value is not None and not is_listed:
            sentences.append(
                f"Lowest {NAMES[name]} among the acceptable designs: {describe_reading(reading)}, "
                f"{write_amount(name, value)}, error {reading.error:.2f} %."
            )
    return sentences


def _caveats(advice: Advice, best: Reading) -> list[str]:
    sentences = []
    last = best.design.epochs[-1]
    if best.epoch < last:
        sentences.append(
            f"The error is that after epoch {best.epoch} of {last}. The learning rate follows the "
            f"schedule of the whole run; a run with epochs={best.epoch} follows another schedule."
        )
    wanted, interval = advice.limits.accuracy_percent, best.interval(advice.rule.confidence)
    if wanted is not None and (interval is None or interval.upper > 100.0 - wanted):
        sentences.append(
            f"The mean reaches {wanted:g} % accuracy, but the interval over the seeds does not "
            "confirm it."
        )
    if advice.at_edge:
        sentences.append(
            "The design has the largest measured budget; larger ones may or may not be better."
        )
    return sentences


def _measuring_conditions(advice: Advice, best: Reading) -> list[str]:
    cost = best.candidate.cost
    sentences = ["Its time and memory were not measured on this device."]
    if best.candidate.has_other_times:
        sentences = ["Its times do not compare with those of the other designs."]
    if cost is not None:
        sentences = [f"Times were measured on {cost.condition}."]
    sizes = ", ".join(map(str, advice.latency_batch_sizes))
    if len(advice.latency_batch_sizes) == 1:
        sentences.append(f"Inference times are for batch size {sizes}, {LATENCY_EXECUTION}.")
    elif sizes:
        sentences.append(
            f"Inference times are for different batch sizes ({sizes}) and cannot be compared; they "
            f"were measured {LATENCY_EXECUTION}."
        )
    if cost is not None and cost.memory_kind == PROCESS_MEMORY:
        sentences.append(
            "Memory is that of the whole process, including the interpreter and libraries."
        )
    return sentences


def _describe_out_of_range(outside: OutOfRange) -> str:
    if outside.measured is None:
        return f"the {NAMES[outside.limit]} is limited but was not measured on this device"
    asked, most = (write_amount(outside.limit, v) for v in (outside.asked, outside.measured))
    return f"{asked} requested, at most {most} measured"


def _describe_bindings(advice: Advice) -> str:
    options = [_describe_binding(binding, advice) for binding in advice.bindings]
    measured = "The only measured design does not meet"
    if advice.num_designs > 1:
        measured = f"None of the {advice.num_designs} measured designs meets"
    return f"{measured} the limits. {' Or: '.join(options)}"


def _describe_binding(binding: BindingLimits, advice: Advice) -> str:
    changes = " and ".join(
        f"the {NAMES[name]} from {write_amount(name, getattr(advice.limits, name))} to "
        f"{write_amount(name, round_outward(name, value))}"
        for name, value in zip(binding.limits, binding.needed, strict=True)
    )
    limits = "limit" if len(binding.limits) == 1 else "limits"
    return f"Relaxing the {limits} on {changes} would admit {describe_reading(binding.reading)}."
