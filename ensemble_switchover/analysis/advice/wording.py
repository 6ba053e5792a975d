"""An advice in plain English sentences."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.limits import SECONDS_OF_HOUR, taken
from ensemble_switchover.analysis.advice.rule import AdviceAnswer
from ensemble_switchover.analysis.table import PROCESS_MEMORY
from ensemble_switchover.machine.terminal import count, digits, rough_duration
from ensemble_switchover.machine.units import MEBIBYTE

if TYPE_CHECKING:
    from ensemble_switchover.analysis.advice.binding_limits import Binding
    from ensemble_switchover.analysis.advice.limits import Fit
    from ensemble_switchover.analysis.advice.rule import Advice, Outside, Rival
    from ensemble_switchover.analysis.statistics import Interval

NAMES = {
    "parameters": "parameters",
    "epochs": "epochs",
    "hours": "training time",
    "memory_bytes": "memory",
    "latency_ms": "inference time",
    "fastest_latency_ms": "inference time by the fastest execution",
    "accuracy_percent": "accuracy",
}
"""The limits as people call them."""

LATENCY_EXECUTION = "members one after another, unless the fastest execution is named"
"""How inference was timed."""

_PLURAL = ("parameters", "epochs")


def describe_advice(advice: Advice) -> tuple[str, ...]:
    """Say what to build, how sure that is, or why there is no advice.

    The first sentence is the answer. The text holds names of settings and devices, which come from
    records.
    """
    if advice.answer is AdviceAnswer.OUTSIDE:
        reasons = [_describe_outside(entry) for entry in advice.outside]
        why = "; ".join(reasons) or "no run has an error that is a number"
        return (f"Outside what was measured: {why}. Nothing is extrapolated.",)
    if advice.best is None:
        return (_describe_bindings(advice),)
    return (_headline(advice), *_evidence(advice), *_remarks(advice))


def describe_fit(fit: Fit) -> str:
    """Name a design, its setting and the epochs that it is trained for."""
    return f"{fit.design.label} ({fit.design.setting}), {count(fit.epoch, 'epoch')}"


def write_amount(name: str, value: float) -> str:
    """Write what a limit limits, with its unit.

    >>> write_amount("parameters", 206734), write_amount("hours", 0.02)
    ('206,734 parameters', '0.02 h (1.2 min)')
    >>> write_amount("memory_bytes", 8 * 2**30), write_amount("latency_ms", 0.6020079)
    ('8,192 MiB', '0.602 ms')
    """
    if name in ("parameters", "epochs"):
        return count(round(value), name.removesuffix("s"))
    if name == "hours":
        return f"{digits(value, 3)} h ({rough_duration(value * SECONDS_OF_HOUR)})"
    if name == "memory_bytes":
        return f"{value / MEBIBYTE:,.0f} MiB"
    return f"{value:.2f} %" if name == "accuracy_percent" else f"{digits(value, 3)} ms"


def loosen(name: str, value: float) -> float:
    """Round a limit outward to what `write_amount` shows, so that what is shown would do.

    >>> loosen("latency_ms", 0.60201), loosen("accuracy_percent", 93.456)
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


def write_points(mean: float, interval: Interval | None) -> str:
    """Write a difference in percentage points with its interval."""
    return f"{mean:+.2f} points, {write_interval(interval, '+.2f')}"


def write_interval(interval: Interval | None, form: str = ".2f") -> str:
    """Write an interval."""
    if interval is None:
        return "no interval"
    level = f"{100 * interval.confidence:g} % t interval"
    return f"{level} {interval.lower:{form}} to {interval.upper:{form}}"


def _headline(advice: Advice) -> str:
    assert advice.best is not None
    design = describe_fit(advice.best)
    if advice.answer is AdviceAnswer.DECIDED:
        return f"Build {design}."
    others = "1 other design is" if len(advice.rivals) == 1 else f"{len(advice.rivals)} others are"
    text = f"Undecided: {design}, has the lowest mean error, but {others} not shown to be worse."
    if advice.class_decided:
        k = advice.best.design.k
        members = "" if k == 1 else f" of {k} members"
        text += (
            f" The class is decided: all of them are {advice.best.design.design_class}{members}."
        )
    return text


def _evidence(advice: Advice) -> list[str]:
    assert advice.best is not None
    seeds = count(advice.best.num_seeds, "seed")
    fit = "fits" if advice.num_fitting == 1 else "fit"
    sentences = [
        f"Known from {count(advice.best.design.num_runs, 'run')} of it ({seeds}); "
        f"{count(advice.num_designs, 'design')} of {count(advice.num_runs, 'run')} "
        f"{_were(advice.num_designs)} considered; {advice.num_fitting} of them {fit}."
    ]
    if advice.best.num_seeds == 1:
        decides = ", and so decides nothing" if advice.rivals else ""
        sentences.append(f"One seed gives no interval{decides}.")
    if advice.runner_up is None:
        sentences.append("No other design fits, so there is none to be better than.")
    else:
        sentences.append(f"Runner-up: {_describe_rival(advice.runner_up)}.")
    return sentences


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _describe_rival(rival: Rival) -> str:
    name = describe_fit(rival.fit)
    if rival.difference is None:
        return f"{name}; they share no seed, so nothing can be paired"
    pairs = count(rival.num_pairs, "pair")
    return f"{name}: {write_points(rival.difference, rival.interval)} ({pairs})"


def _remarks(advice: Advice) -> list[str]:
    best = advice.best
    assert best is not None
    remarks = []
    for name, fit in advice.cheapest:
        value = taken(fit, name)
        is_told = name == "fastest_latency_ms" and value == taken(fit, "latency_ms")
        if fit is not best and value is not None and not is_told:
            remarks.append(
                f"Least {NAMES[name]} of those that will do: {describe_fit(fit)}, "
                f"{write_amount(name, value)}, error {fit.error:.2f} %."
            )
    last = best.design.epochs[-1]
    if best.epoch < last:
        remarks.append(
            f"Read after epoch {best.epoch} of runs of {last}, whose learning rate follows the "
            f"whole run; a run of epochs={best.epoch} in total has a schedule of its own."
        )
    wanted = advice.limits.accuracy_percent
    if wanted is not None and (best.interval is None or best.interval.upper > 100.0 - wanted):
        remarks.append(f"The mean reaches {wanted:g} % accuracy, but the seeds do not show it.")
    if advice.at_edge:
        remarks.append(
            "It is of the largest budget that was measured: larger ones may be better, or not."
        )
    cost = best.candidate.cost
    if cost is None:
        remarks.append("What it takes was not measured on this device.")
    else:
        remarks.append(f"Times are of {cost.condition}.")
    sizes = ", ".join(map(str, advice.latency_batch_sizes))
    if len(advice.latency_batch_sizes) == 1:
        remarks.append(f"Inference times are of batch size {sizes}; {LATENCY_EXECUTION}.")
    elif sizes:
        remarks.append(
            f"Inference times are of batch sizes {sizes}, which do not compare; "
            f"{LATENCY_EXECUTION}."
        )
    if cost is not None and cost.memory_kind == PROCESS_MEMORY:
        remarks.append("Memory is that of the whole process, interpreter and libraries too.")
    return remarks


def _describe_outside(outside: Outside) -> str:
    asked = write_amount(outside.limit, outside.asked)
    if outside.measured is None:
        return f"{NAMES[outside.limit]} was asked for, but was not measured on this device"
    return f"{asked} asked for, at most {write_amount(outside.limit, outside.measured)} measured"


def _describe_bindings(advice: Advice) -> str:
    plans = [_describe_binding(binding, advice) for binding in advice.bindings]
    return (
        f"No design fits, of {count(advice.num_designs, 'design')} that "
        f"{_were(advice.num_designs)} measured. "
        f"{' Or: '.join(plans)}"
    )


def _describe_binding(binding: Binding, advice: Advice) -> str:
    names = " and ".join(NAMES[name] for name in binding.limits)
    pairs = zip(binding.limits, binding.needed, strict=True)
    amounts = " and ".join(
        f"{write_amount(name, loosen(name, value))} in place of "
        f"{write_amount(name, getattr(advice.limits, name))}"
        for name, value in pairs
    )
    verb = "are" if binding.limits[0] in _PLURAL else "is"
    if len(binding.limits) > 1:
        verb = "together are"
    return f"The {names} {verb} in the way: {amounts} would do, for {describe_fit(binding.fit)}."
