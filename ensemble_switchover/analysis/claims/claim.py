"""A statement of the paper and the evidence of the records for or against it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ensemble_switchover.analysis.statistics import write_interval
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from ensemble_switchover.analysis.ratio import Ratio
    from ensemble_switchover.analysis.statistics import Interval

ABOUT_EQUAL = (0.8, 1.25)
"""Ratios that count as about equal."""
ABOUT_TWICE = (1.5, 2.5)
"""Ratios that count as about twice."""
NOTHING_MEASURED = "nothing"
"""The measured value of a claim without a measurement."""


class Statement(NamedTuple):
    """A statement of the paper, and what it is checked on."""

    text: str
    source: str
    """Section, figure or footnote of the paper."""
    scope: str
    """The comparison, or what several comparisons share."""


class ClaimAnswer(Enum):
    """Whether a statement holds in the records."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    CANNOT_BE_SAID = "cannot be said"


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of the paper, checked against the records of one or several comparisons."""

    statement: str
    source: str
    """Section, figure or footnote of the paper."""
    scope: str
    """The comparison, or what several comparisons share."""
    measured: str
    """The measured value with its interval or range."""
    answer: ClaimAnswer
    reason: str
    """Why the answer is what it is."""


def cannot_be_said(statement: Statement, reason: str, measured: str = NOTHING_MEASURED) -> Claim:
    """Return a claim that the records cannot decide."""
    return Claim(*statement, measured, ClaimAnswer.CANNOT_BE_SAID, reason)


def judge(lower: float, upper: float, lowest: float, highest: float) -> ClaimAnswer:
    """Judge whether a measured interval lies within a claimed range.

    Args:
        lower: Lower end of the measured interval.
        upper: Upper end of the measured interval.
        lowest: Lower end of the claimed range.
        highest: Upper end of the claimed range.

    >>> judge(1.8, 2.2, 1.5, 2.5).value, judge(2.6, 3.0, 1.5, 2.5).value
    ('holds', 'does not hold')
    >>> judge(2.2, 2.8, 1.5, 2.5).value
    'cannot be said'
    """
    if lowest <= lower and upper <= highest:
        return ClaimAnswer.HOLDS
    if upper < lowest or lower > highest:
        return ClaimAnswer.DOES_NOT_HOLD
    return ClaimAnswer.CANNOT_BE_SAID


def reason_of(answer: ClaimAnswer, lowest: float, highest: float, unit: str = "") -> str:
    """Return the reason for the answer of `judge`."""
    claimed = f"{lowest:,.10g} to {highest:,.10g}{unit}"
    return {
        ClaimAnswer.HOLDS: f"the whole interval lies within {claimed}",
        ClaimAnswer.DOES_NOT_HOLD: f"the whole interval lies outside {claimed}",
        ClaimAnswer.CANNOT_BE_SAID: f"the interval lies partly within {claimed}",
    }[answer]


def describe_interval(interval: Interval, form: str, unit: str) -> str:
    """Write a mean with its interval and number of seeds; the caller closes the bracket."""
    seeds = count(interval.num_samples, "seed")
    return f"{interval.mean:{form}}{unit} ({write_interval(interval, form)}, {seeds}"


def claim_ratio(
    statement: Statement, ratio: Ratio | None, bounds: tuple[float, float], where: str
) -> Claim:
    """Judge a ratio of an ensemble class to the single network.

    Args:
        statement: The statement of the paper.
        ratio: The measured ratio; None if no runs could be paired.
        bounds: The claimed range of the ratio.
        where: The condition under which it was measured.
    """
    if ratio is None:
        reason = "no budget and seed has this measurement for both single network and ensemble"
        return cannot_be_said(statement, reason)
    over = f"{count(ratio.num_budgets, 'budget')}, {where}"
    if ratio.interval is None:
        seeds = count(ratio.num_seeds, "seed")
        measured = f"{ratio.mean:.2f} times ({seeds}, {over})"
        reason = "one seed gives no interval" if ratio.num_seeds == 1 else "the seeds do not differ"
        return cannot_be_said(statement, reason, measured)
    measured = f"{describe_interval(ratio.interval, '.2f', ' times')}, {over})"
    answer = judge(ratio.interval.lower, ratio.interval.upper, *bounds)
    return Claim(*statement, measured, answer, reason_of(answer, *bounds, " times"))
