"""Sample statistics over seeds, and the t interval of a mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from scipy.special import stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Numeric = TypeVar("Numeric", float, "NDArray[Any]")
"""A number, or an array with one for each cell."""

CONFIDENCE = 0.90
"""The confidence of every interval in tables, figures and sentences: one-sided 5 %.

Every answer is one-sided (a bound lies on one side of a value) or needs both bounds within a range,
which is a pair of one-sided tests; so an interval of 90 % errs in at most 5 % of them."""

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


def t_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's t interval of the mean of a sample.

    `mean +- t * s / sqrt(n)`, where `s` is the sample standard deviation of the n values and `t`
    the `(1 + confidence) / 2` quantile of Student's t distribution with n - 1 degrees of freedom
    (Student, 1908, The Probable Error of a Mean). A single value has no spread and so no interval.
    Neither have equal values, which occur by chance where an error rests on few images. Values that
    vary only by rounding count as equal.

    Args:
        values: One value per seed.
        confidence: Share of such intervals that contain the true mean, between 0 and 1.

    Returns:
        The interval in the unit of the values, or None if they have no spread.

    Raises:
        ValueError: if the confidence is not between 0 and 1.

    >>> interval = t_interval([-3.0, -2.0, -1.0])
    >>> round(interval.lower, 3), round(interval.upper, 3)
    (-3.686, -0.314)
    >>> t_interval([-3.0]) is None
    True
    """
    num_samples = len(values)
    quantile = t_quantile(max(1, num_samples - 1), confidence)
    std = sample_std(values)
    if std is None or std <= ROUNDING:
        return None
    mean = sample_mean(values)
    half_width = quantile * std / math.sqrt(num_samples)
    return Interval(mean, mean - half_width, mean + half_width, confidence, num_samples)


def write_interval(interval: Interval, form: str, name: str = "t interval") -> str:
    """Write an interval with its confidence.

    >>> write_interval(Interval(-2.0, -4.5, 0.5, 0.9, 3), "+.1f")
    '90 % t interval -4.5 to +0.5'
    """
    level = f"{100 * interval.confidence:g} % {name}"
    return f"{level} {interval.lower:{form}} to {interval.upper:{form}}"


@lru_cache
def t_quantile(degrees_of_freedom: float, confidence: float) -> float:
    """Return the half-width of a two-sided t interval in standard errors.

    >>> round(t_quantile(2, 0.95), 4)
    4.3027

    Raises:
        ValueError: if the confidence is not between 0 and 1.
    """
    require_confidence(confidence)
    return float(stdtrit(degrees_of_freedom, (1.0 + confidence) / 2.0))


def welch_degrees(
    first: Numeric, num_first: Numeric, second: Numeric, num_second: Numeric
) -> Numeric:
    """Return the degrees of freedom of a difference of means (Welch 1947, Satterthwaite 1946).

    The arguments are numbers, or arrays with one for each cell.

    Args:
        first: Squared standard error of the first mean.
        num_first: Number of values that it is the mean of, at least 2.
        second: Squared standard error of the second mean; one of the two is above 0.
        num_second: Number of values that it is the mean of, at least 2.

    >>> welch_degrees(0.5, 5, 0.5, 5), welch_degrees(0.5, 5, 0.0, 3)
    (8.0, 4.0)
    """
    parts = first**2 / (num_first - 1) + second**2 / (num_second - 1)
    degrees: Numeric = (first + second) ** 2 / parts
    return degrees


def require_confidence(confidence: float) -> None:
    """Refuse a confidence that is not between 0 and 1.

    Raises:
        ValueError: if it is not.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence={confidence}: expected a number between 0 and 1")
