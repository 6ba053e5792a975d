"""How many runs collapsed, counted for single networks and for ensembles: a result of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from scipy.special import betaincinv

from ensemble_switchover.analysis.collapse import find_screened, training_of
from ensemble_switchover.analysis.statistics import CONFIDENCE, require_confidence
from ensemble_switchover.machine.terminal import digits

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.results.record import Record

Kind: TypeAlias = Literal["single network", "ensemble"]
KINDS: tuple[Kind, ...] = ("single network", "ensemble")


@dataclass(frozen=True, slots=True)
class CollapseCount:
    """How many of the single networks, or of the ensembles, collapsed."""

    kind: Kind
    num_collapsed: int
    num_screened: int
    """Number of trainings in cells with enough runs to be screened."""
    lower_percent: float
    """Lower bound of the percentage that collapses, after Clopper and Pearson."""
    upper_percent: float


def count_collapsed(
    records: Sequence[Record], collapsed: Collection[RunKey], confidence: float = CONFIDENCE
) -> list[CollapseCount]:
    """Count the trainings that collapsed among those that were screened.

    Records that share a training count once. Kinds of which nothing was screened are left out.

    Args:
        records: Runs of any number of settings.
        collapsed: The collapsed runs, from `find_collapsed`.
        confidence: Confidence of the intervals.

    Raises:
        ValueError: if the confidence is not between 0 and 1.
    """
    screened = find_screened(records)
    counts = []
    for kind in KINDS:
        runs = [r for r in records if (r.design.k == 1) == (kind == KINDS[0])]
        trained = _trainings(runs, screened)
        if trained:
            fell = len(_trainings(runs, collapsed) & trained)
            bounds = share_interval(fell, len(trained), confidence)
            counts.append(CollapseCount(kind, fell, len(trained), *(100.0 * b for b in bounds)))
    return counts


def describe_collapses(counts: Sequence[CollapseCount], confidence: float = CONFIDENCE) -> str:
    """Say how many runs collapsed; empty if nothing was screened.

    >>> describe_collapses([CollapseCount("single network", 1, 60, 0.085, 7.66)])
    '1 of 60 single networks collapsed (0.085 to 7.7 %; 90 % Clopper-Pearson interval)'
    """
    parts = []
    for number, count in enumerate(counts):
        verb = " collapsed" if number == 0 else ""
        nouns = count.kind if count.num_screened == 1 else f"{count.kind}s"
        bounds = f"{digits(count.lower_percent, 2)} to {digits(count.upper_percent, 2)} %"
        parts.append(f"{count.num_collapsed} of {count.num_screened:,} {nouns}{verb} ({bounds}")
    if not parts:
        return ""
    plural = "interval" if len(parts) == 1 else "intervals"
    return f"{'), '.join(parts)}; {100.0 * confidence:g} % Clopper-Pearson {plural})"


def share_interval(
    num_successes: int, num_trials: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the exact interval of a probability (Clopper & Pearson 1934).

    >>> lower, upper = share_interval(1, 60)
    >>> round(lower, 5), round(upper, 5)
    (0.00085, 0.07664)

    Raises:
        ValueError: if the confidence is not between 0 and 1.
    """
    require_confidence(confidence)
    tail = (1.0 - confidence) / 2.0
    failures = num_trials - num_successes
    lower, upper = 0.0, 1.0
    if num_successes:
        lower = float(betaincinv(num_successes, failures + 1, tail))
    if failures:
        upper = float(betaincinv(num_successes + 1, failures, 1.0 - tail))
    return lower, upper


def _trainings(records: Sequence[Record], keys: Collection[RunKey]) -> set[RunKey]:
    """Return the trainings of those records that are among the keys."""
    return {training_of(r) for r in records if (r.study, r.name) in keys}
