"""The answer of the advice in one sentence or a few: what to build, and what to keep in mind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.rule import AdviceAnswer
from ensemble_switchover.analysis.advice.written_amounts import (
    LIMIT_NAMES,
    round_outward,
    write_amount,
)
from ensemble_switchover.analysis.shortened_schedule import describe_shortened
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from ensemble_switchover.analysis.advice.binding_limits import BindingLimits
    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice

MAX_NAMED = 6
"""Most designs that a sentence names."""


def headline(advice: Advice) -> str:
    """Return what to build and how far that is decided, or what keeps every design out.

    The first sentence says what the answer holds for: a schedule that was shortened, limits beyond
    what was measured, limits that could not be checked.
    """
    if advice.answer is AdviceAnswer.OUTSIDE:
        noun = advice.rule.quality.noun
        return f"There is no design to build: no run has a finite {noun}."
    if advice.best is None:
        return _describe_bindings(advice)
    return _describe_decided(advice) if not advice.rivals else _describe_undecided(advice)


def describe_reading(reading: Reading) -> str:
    """Name a design, its setting and its number of epochs."""
    return f"{reading.design.label} ({reading.design.setting}), {count(reading.epoch, 'epoch')}"


def describe_limits_beyond(advice: Advice) -> str:
    """Say which limits lie beyond what was measured, or could not be checked; empty if none does.

    It continues a sentence.
    """
    beyond = [
        f"{write_amount(entry.limit, entry.asked)} are allowed, but the most measured is "
        f"{write_amount(entry.limit, entry.measured)}"
        for entry in advice.outside
        if entry.measured is not None
    ]
    unchecked = [
        f"the limit on the {LIMIT_NAMES[entry.limit]} could not be checked, as it was not measured "
        "on this device"
        for entry in advice.outside
        if entry.measured is None
    ]
    if beyond:
        beyond.append("nothing is extrapolated")
    return "".join(f"; {text}" for text in (*beyond, *unchecked))


def _describe_decided(advice: Advice) -> str:
    assert advice.best is not None
    schedule = describe_shortened(advice.best.design.records)
    by = advice.rule.quality.by_name
    known = f", the best{by}" if by else ""
    if schedule is not None:
        known = f", the best{by} {schedule}"
    if advice.runner_up is None:
        known = "" if schedule is None else f", known {schedule}"
    return f"Build {describe_reading(advice.best)}{known}{describe_limits_beyond(advice)}."


def _describe_undecided(advice: Advice) -> str:
    assert advice.best is not None
    assert advice.short_list is not None
    listed, metric = advice.short_list, advice.rule.quality
    first, *others = listed.readings
    records = [record for reading in listed.readings for record in reading.design.records]
    schedule = describe_shortened(records)
    after = "" if schedule is None else f" {schedule}"
    beyond = describe_limits_beyond(advice)
    margin = metric.write_margin(listed.margin)
    rest = len(advice.rivals) - len(others)
    if others:
        text = (
            f"Build {describe_reading(first)}, the cheapest by {LIMIT_NAMES[listed.cost]} of "
            f"{len(listed.readings)} designs that will do: their mean {metric.plural}{after} are "
            f"within {margin} of the {metric.best_end}{beyond}. The others, cheapest first: "
            f"{_name_beside(others, first)}. Which of them is best is undecided."
        )
        if rest:
            designs = f"{count(rest, 'design')} further off {'is' if rest == 1 else 'are'}"
            text += f" {designs} not shown to be worse either."
    else:
        designs = f"{count(rest, 'other design')} {'is' if rest == 1 else 'are'}"
        none = f"its mean {metric.noun} is" if rest == 1 else f"their mean {metric.plural} are"
        text = (
            f"Build {describe_reading(first)}: its mean {metric.noun}{after} is the "
            f"{metric.best_end}, and no other design's is within {margin} of it{beyond}. That it "
            f"is the best is undecided: {designs} not shown to be worse, though {none} "
            f"{metric.worse_way} by more than that."
        )
    if advice.class_decided:
        k = advice.best.design.k
        members = "" if k == 1 else f" with {k} members"
        text += f" The class is decided: all are {advice.best.design.design_class}{members}."
    return text


def _name_beside(readings: list[Reading], first: Reading) -> str:
    """Name designs, each with its setting and epochs where they are not those of the first."""
    alike = (first.design.setting, first.epoch)
    names = [
        r.design.label if (r.design.setting, r.epoch) == alike else describe_reading(r)
        for r in readings[:MAX_NAMED]
    ]
    more = len(readings) - MAX_NAMED
    return "; ".join([*names, f"{more} more"] if more > 0 else names)


def _describe_bindings(advice: Advice) -> str:
    options = [_describe_binding(binding, advice) for binding in advice.bindings]
    measured = "The only measured design does not meet"
    if advice.num_designs > 1:
        measured = f"None of the {advice.num_designs} measured designs meets"
    unmet = f"{measured} the limits{describe_limits_beyond(advice)}."
    return f"{unmet} {' Or: '.join(options)}"


def _describe_binding(binding: BindingLimits, advice: Advice) -> str:
    changes = " and ".join(
        f"the {LIMIT_NAMES[name]} from {write_amount(name, getattr(advice.limits, name))} to "
        f"{write_amount(name, round_outward(name, value))}"
        for name, value in zip(binding.limits, binding.needed, strict=True)
    )
    limits = "limit" if len(binding.limits) == 1 else "limits"
    return f"Relaxing the {limits} on {changes} would admit {describe_reading(binding.reading)}."
