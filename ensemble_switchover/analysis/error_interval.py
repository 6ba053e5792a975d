"""The interval of a mean error or another loss, within its possible values by its construction.

Of percentages, which lie between 0 and 100, it is Student's t interval on the scale of the log odds
(the delta method): with the mean error `p` as a share, and `s` the standard deviation over n seeds,

`logit(p) +- t * s / (p (1 - p)) / sqrt(n)`, taken back to shares.

Of a negative log-likelihood, which is above 0 and has no upper end, it is on the scale of the
logarithm: with the mean `m`, `log(m) +- t * s / m / sqrt(n)`, taken back. On the shipped digits the
standard deviation over seeds grows with the mean, faster than in proportion, so that a spread of
the budgets beside compares as a share of the mean, and not in nats.

Two seeds say little of their spread, and one says nothing. There the spread of the same class at
the budgets beside it, the next smaller and the next larger one, is pooled with its own, as standard
deviations on that scale. That is for describing one design; `benchmarks/error_intervals.py` finds
how often such intervals hold the truth. What decides between designs never borrows
(`analysis.difference`): with variances pooled over budgets it would find falsely in up to 16 % of
studies in place of 5 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import expit, logit

from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.analysis.statistics import (
    CONFIDENCE,
    ROUNDING,
    sample_mean,
    sample_std,
    t_quantile,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ErrorInterval:
    """A confidence interval of a mean loss; mean and bounds are in its unit, such as percent."""

    mean: float
    lower: float
    upper: float
    confidence: float
    num_seeds: int
    is_borrowed: bool
    """Whether the spread is also that of the budgets beside it."""


def error_interval(
    errors: Sequence[float],
    confidence: float = CONFIDENCE,
    beside: Sequence[Sequence[float]] = (),
    largest: float = 100.0,
) -> ErrorInterval | None:
    """Return the interval of the mean of errors, or of other losses.

    The spread is the errors' own with `MIN_SEEDS` of them or more that are not all equal, else
    pooled with that of the errors beside them.

    Args:
        errors: Percent, or amounts from 0 to `largest`, one for each seed; at least one.
        confidence: Share of such intervals that contain the true mean, between 0 and 1.
        beside: Errors of the same class at the budgets beside it, each one for each seed.
        largest: The largest possible value; infinite if there is none.

    Returns:
        The interval; None where nothing varies, or where the mean is 0 or the largest.

    Raises:
        ValueError: if there are no errors, or the confidence is not between 0 and 1.

    >>> found = error_interval([28.0, 40.0])
    >>> round(found.lower, 1), round(found.upper, 1)
    (8.7, 73.6)
    >>> found = error_interval([28.0, 40.0], beside=[[37.0, 35.0], [30.0, 27.0]])
    >>> round(found.lower, 1), round(found.upper, 1), found.is_borrowed
    (26.0, 43.0, True)
    >>> found = error_interval([0.10, 0.12, 0.14], largest=math.inf)
    >>> round(found.lower, 3), round(found.upper, 3)
    (0.091, 0.159)
    """
    mean = sample_mean(errors)
    own = _spread(errors, largest)
    t_quantile(1, confidence)
    if not 0.0 < mean < largest:
        return None
    enough = len(errors) >= MIN_SEEDS and own is not None and own.squares > 0.0
    others = [] if enough else [spread for values in beside if (spread := _spread(values, largest))]
    spreads = [*([] if own is None else [own]), *others]
    degrees = sum(spread.degrees for spread in spreads)
    squares = math.fsum(spread.squares for spread in spreads)
    if squares <= 0.0:
        return None
    half_width = t_quantile(degrees, confidence) * math.sqrt(squares / degrees / len(errors))
    if math.isinf(largest):
        lower, upper = (mean * math.exp(sign * half_width) for sign in (-1, 1))
    else:
        centre = float(logit(mean / largest))
        lower, upper = (largest * float(expit(centre + sign * half_width)) for sign in (-1, 1))
    return ErrorInterval(mean, lower, upper, confidence, len(errors), bool(others))


@dataclass(frozen=True, slots=True)
class _Spread:
    """The spread on the scale of log odds, or of logarithms."""

    squares: float
    """Sum of the squared deviations from their mean."""
    degrees: int
    """Degrees of freedom."""


def _spread(errors: Sequence[float], largest: float) -> _Spread | None:
    """Return the spread of errors; None for a single one, or where their mean is at an end."""
    std, mean = sample_std(errors), sample_mean(errors) if errors else 0.0
    if std is None or not 0.0 < mean < largest:
        return None
    degrees = len(errors) - 1
    if std <= ROUNDING:
        return _Spread(0.0, degrees)
    if math.isinf(largest):
        return _Spread(degrees * (std / mean) ** 2, degrees)
    share = mean / largest
    return _Spread(degrees * (std / largest / (share * (1.0 - share))) ** 2, degrees)
