"""Sample statistics over seeds, and the paired t interval of a difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scipy.special import stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
"""The confidence of every interval in tables, figures and sentences."""

ROUNDING = 1e-10
"""Spreads of at most this many percentage points count as 0; one image in a million is more."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval of a mean; mean and bounds are in the unit of the samples."""

    mean: float
    lower: float
    upper: float
    confidence: float
    num_samples: int


def sample_mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean.

    >>> sample_mean([1.0, 2.0, 6.0])
    3.0

    Raises:
        ValueError: if there are no values.
    """
    if not values:
        raise ValueError("the mean of no values: expected at least one")
    return math.fsum(values) / len(values)


def sample_std(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation, `sqrt(sum((x - mean)^2) / (n - 1))`.

    A single value has none:

    >>> sample_std([2.0, 4.0, 6.0])
    2.0
    >>> sample_std([2.0]) is None
    True
    """
    if len(values) < 2:
        return None
    mean = sample_mean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def paired_t_interval(
    differences: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """Return Student's t interval of the mean of paired differences.

    `mean +- t * s / sqrt(n)`, where `s` is the sample standard deviation of the n differences and
    `t` the `(1 + confidence) / 2` quantile of Student's t distribution with n - 1 degrees of
    freedom (Student, 1908, The Probable Error of a Mean). A single difference has no spread and so
    no interval. Neither have equal differences, which occur by chance where the test error rests on
    few images. Differences that vary only by rounding count as equal.

    Args:
        differences: One difference per pair, such as ensemble minus single test error of each seed,
            in percentage points.
        confidence: Share of such intervals that contain the true mean, between 0 and 1.

    Returns:
        The interval in the unit of the differences, or None if they have no spread.

    >>> interval = paired_t_interval([-3.0, -2.0, -1.0])
    >>> round(interval.lower, 3), round(interval.upper, 3)
    (-4.484, 0.484)
    >>> paired_t_interval([-3.0]) is None
    True
    """
    num_samples = len(differences)
    quantile = t_quantile(max(1, num_samples - 1), confidence)
    std = sample_std(differences)
    if std is None or std <= ROUNDING:
        return None
    mean = sample_mean(differences)
    half_width = quantile * std / math.sqrt(num_samples)
    return Interval(mean, mean - half_width, mean + half_width, confidence, num_samples)


def write_interval(interval: Interval, form: str, name: str = "t interval") -> str:
    """Write an interval with its confidence.

    >>> write_interval(Interval(-2.0, -4.5, 0.5, 0.95, 3), "+.1f")
    '95 % t interval -4.5 to +0.5'
    """
    level = f"{100 * interval.confidence:g} % {name}"
    return f"{level} {interval.lower:{form}} to {interval.upper:{form}}"


@lru_cache
def t_quantile(degrees_of_freedom: int, confidence: float) -> float:
    """Return the half-width of a two-sided t interval in standard errors.

    >>> round(t_quantile(2, 0.95), 4)
    4.3027

    Raises:
        ValueError: if the confidence is not between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence={confidence}: expected a number between 0 and 1")
    return float(stdtrit(degrees_of_freedom, (1.0 + confidence) / 2.0))
