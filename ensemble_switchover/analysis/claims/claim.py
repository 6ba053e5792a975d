"""A statement of the paper and the evidence of the records for or against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ensemble_switchover.analysis.statistics import write_interval
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.ratio import Ratio
    from ensemble_switchover.analysis.statistics import Interval

ABOUT_EQUAL = (0.8, 1.25)
"""Ratios that count as about equal."""
ABOUT_TWICE = (1.5, 2.5)
"""Ratios that count as about twice."""
NOTHING_MEASURED = "nothing"
"""The measured value of a claim without a measurement."""
NOTHING_BEYOND = "no budget is beyond the threshold"
"""Why a statement on what lies beyond the threshold stays open."""
OF_EARLY_EXIT = "early exit is not in the paper"
"""End of the source of a statement that is ours, beside one of the paper's."""


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
    """All of what was measured agrees with it."""
    DOES_NOT_HOLD = "does not hold"
    """All of what was measured contradicts it."""
    OPEN = "open"
    """What was measured does not decide it; more runs of the same kind can."""
    NOT_ASKED = "not asked"
    """Records of this kind cannot speak of it; only runs of another kind can."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of the paper, checked against the records of one or several comparisons."""

    statement: str
    source: str
    """Section, figure or footnote of the paper; what is ours ends with `OF_EARLY_EXIT`."""
    scope: str
    """The comparison, or what several comparisons share."""
    measured: str
    """The measured value with its interval or range."""
    answer: ClaimAnswer
    reason: str
    """Why the answer is what it is."""
    runs_needed: str = ""
    """What would have to be run before the statement can be asked; empty if it is asked."""

    @property
    def is_asked(self) -> bool:
        """Tell whether the records can speak of the statement at all."""
        return self.answer is not ClaimAnswer.NOT_ASKED

    @property
    def is_of_paper(self) -> bool:
        """Tell whether the paper makes the statement; else it is ours, on early exit."""
        return not self.source.endswith(OF_EARLY_EXIT)


def leave_open(statement: Statement, reason: str, measured: str = NOTHING_MEASURED) -> Claim:
    """Return a claim that the records do not decide, but that more runs like them could."""
    return Claim(*statement, measured, ClaimAnswer.OPEN, reason)


def not_asked(
    statement: Statement, reason: str, runs_needed: str, measured: str = NOTHING_MEASURED
) -> Claim:
    """Return a claim of which the records cannot speak, with the runs that could."""
    return Claim(*statement, measured, ClaimAnswer.NOT_ASKED, reason, runs_needed)


def count_answers(claims: Sequence[Claim]) -> str:
    """Say how many of the claims that are asked hold, do not hold, and are open.

    The paper's statements are counted in one sentence, and those on early exit, which it does not
    make, in another.

    >>> statement = Statement("text", "section 4", "digits")
    >>> count_answers([leave_open(statement, "few seeds"), not_asked(statement, "k = 2", "k=4")])
    "Of 1 check of the paper's statements that these records can speak of, 0 hold, ..."
    """
    ours = [claim for claim in claims if not claim.is_of_paper]
    told = _count("the paper's statements", [claim for claim in claims if claim.is_of_paper])
    if not ours:
        return told
    if not any(claim.is_asked for claim in ours):
        verb = _count_with_verb(len(ours), "is not asked", "are not asked")
        return f"{told} Of our statements on early exit {verb}."
    return f"{told} {_count('our statements on early exit', ours)}"


def _count(what: str, claims: Sequence[Claim]) -> str:
    numbers = Counter(claim.answer for claim in claims)
    num_not_asked = numbers[ClaimAnswer.NOT_ASKED]
    asked = f"{count(len(claims) - num_not_asked, 'check')} of {what}"
    answers = [
        _count_with_verb(numbers[answer], *verbs)
        for answer, verbs in (
            (ClaimAnswer.HOLDS, ("holds", "hold")),
            (ClaimAnswer.DOES_NOT_HOLD, ("does not", "do not")),
            (ClaimAnswer.OPEN, ("is open", "are open")),
        )
    ]
    beside = _count_with_verb(num_not_asked, "is not asked", "are not asked")
    return (
        f"Of {asked} that these records can speak of, {', '.join(answers[:-1])}, and {answers[-1]}"
        f"{f'; {beside}' if num_not_asked else ''}."
    )


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
    'open'
    """
    if lowest <= lower and upper <= highest:
        return ClaimAnswer.HOLDS
    if upper < lowest or lower > highest:
        return ClaimAnswer.DOES_NOT_HOLD
    return ClaimAnswer.OPEN


def reason_of(answer: ClaimAnswer, lowest: float, highest: float, unit: str = "") -> str:
    """Return the reason for the answer of `judge`."""
    claimed = f"{lowest:,.10g} to {highest:,.10g}{unit}"
    return {
        ClaimAnswer.HOLDS: f"the whole interval lies within {claimed}",
        ClaimAnswer.DOES_NOT_HOLD: f"the whole interval lies outside {claimed}",
        ClaimAnswer.OPEN: f"the interval lies partly within {claimed}",
    }[answer]


def describe_interval(interval: Interval, form: str, unit: str, name: str = "t interval") -> str:
    """Write a mean with its interval and number of seeds; the caller closes the bracket."""
    seeds = count(interval.num_samples, "seed")
    return f"{interval.mean:{form}}{unit} ({write_interval(interval, form, name)}, {seeds}"


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
        needed = "single networks and ensembles of the same budgets and seeds under one condition"
        return not_asked(statement, reason, needed)
    over = f"{count(ratio.num_budgets, 'budget')}, {where}"
    if ratio.interval is None:
        seeds = count(ratio.num_seeds, "seed")
        measured = f"{ratio.mean:.2f} times ({seeds}, {over})"
        reason = "one seed gives no interval" if ratio.num_seeds == 1 else "the seeds do not differ"
        return leave_open(statement, reason, measured)
    measured = f"{describe_interval(ratio.interval, '.2f', ' times')}, {over})"
    answer = judge(ratio.interval.lower, ratio.interval.upper, *bounds)
    return Claim(*statement, measured, answer, reason_of(answer, *bounds, " times"))


def _count_with_verb(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"
