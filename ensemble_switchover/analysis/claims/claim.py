"""A statement of the paper, and what the records say of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from ensemble_switchover.analysis.ratio import Ratio
    from ensemble_switchover.analysis.statistics import Interval

ABOUT_EQUAL = (0.8, 1.25)
"""What counts as about the same: a ratio of four fifths to five quarters."""
ABOUT_TWICE = (1.5, 2.5)
"""What counts as about twice."""
NOTHING_MEASURED = "nothing"
"""What is measured where there is nothing to measure."""


class ClaimAnswer(Enum):
    """Whether a statement holds in these records."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    CANNOT_BE_SAID = "cannot be said"


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the paper, checked against the records of one comparison or several."""

    statement: str
    source: str
    """Where the paper says it."""
    scope: str
    """The comparison, or what several of them share."""
    measured: str
    """The value here, with its interval or range."""
    answer: ClaimAnswer
    reason: str


def judge(lower: float, upper: float, lowest: float, highest: float) -> ClaimAnswer:
    """Compare what was measured with what is claimed.

    Args:
        lower: Lower end of the measured interval.
        upper: Upper end.
        lowest: Lower end of the claimed range.
        highest: Upper end.

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
    """Give the reason of a judgement in words."""
    claimed = f"{lowest:,.10g} to {highest:,.10g}{unit}"
    return {
        ClaimAnswer.HOLDS: f"all of it lies within {claimed}",
        ClaimAnswer.DOES_NOT_HOLD: f"all of it lies outside {claimed}",
        ClaimAnswer.CANNOT_BE_SAID: f"it lies partly within {claimed}",
    }[answer]


def describe_interval(interval: Interval, form: str, unit: str) -> str:
    """Write a mean with its interval and its samples."""
    return (
        f"{interval.mean:{form}}{unit} ({100 * interval.confidence:g} % t interval "
        f"{interval.lower:{form}} to {interval.upper:{form}}, {count(interval.num_samples, 'seed')}"
    )


def claim_ratio(
    claim: tuple[str, str, str], ratio: Ratio | None, bounds: tuple[float, float], where: str
) -> Claim:
    """Judge a ratio of an ensemble class to the single network.

    Args:
        claim: Statement, source and scope.
        ratio: What was measured; None where nothing could be paired.
        bounds: The claimed range of the ratio.
        where: The condition under which it was measured.
    """
    if ratio is None:
        reason = "no single network and ensemble of one budget and seed have it"
        return Claim(*claim, NOTHING_MEASURED, ClaimAnswer.CANNOT_BE_SAID, reason)
    over = f"{count(ratio.num_budgets, 'budget')}, {where}"
    if ratio.interval is None:
        seeds = count(ratio.num_seeds, "seed")
        measured = f"{ratio.mean:.2f} times ({seeds}, {over})"
        reason = "one seed gives no interval" if ratio.num_seeds == 1 else "the seeds do not differ"
        return Claim(*claim, measured, ClaimAnswer.CANNOT_BE_SAID, reason)
    measured = f"{describe_interval(ratio.interval, '.2f', ' times')}, {over})"
    answer = judge(ratio.interval.lower, ratio.interval.upper, *bounds)
    return Claim(*claim, measured, answer, reason_of(answer, *bounds, " times"))
