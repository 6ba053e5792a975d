"""The difference of two designs' errors with its interval, under a decision rule.

Dimensions: n seeds of a design, E epochs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, MIN_SEEDS
from ensemble_switchover.analysis.statistics import (
    ROUNDING,
    Interval,
    require_confidence,
    welch_degrees,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ensemble_switchover.analysis.decision_rule import DecisionRule

_LEVEL_TOLERANCE = 1e-9
"""Levels of exact tests this close to the wanted one count as equal to it."""


@dataclass(frozen=True, slots=True)
class Differences:
    """First minus second design's error after every epoch, in percentage points.

    Every field has the shape `(E,)`. A mean is NaN where a design has no finite error; bounds are
    NaN where there is no interval: too few seeds, or no spread.
    """

    mean: NDArray[np.float64]
    """Difference of the mean errors; with `paired_t` the mean over the seeds that both have."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    num_first: NDArray[np.int64]
    """Number of seeds of the first design with a finite error."""
    num_second: NDArray[np.int64]

    def interval(self, row: int, confidence: float) -> Interval | None:
        """Return the interval after one epoch; None if there is none."""
        if math.isnan(self.lower[row]):
            return None
        number = int(min(self.num_first[row], self.num_second[row]))
        lower, upper = float(self.lower[row]), float(self.upper[row])
        return Interval(float(self.mean[row]), lower, upper, confidence, number)


def compare_errors(
    first: Mapping[int, Sequence[float]],
    second: Mapping[int, Sequence[float]],
    rule: DecisionRule = DEFAULT_RULE,
) -> Differences:
    """Compare the errors of two designs after every epoch.

    Errors that are not finite are left out. With fewer than `MIN_SEEDS` seeds on either side there
    is no interval, nor if no side has any spread, which occurs by chance where an error rests on
    few images.

    Args:
        first: Seed -> errors in percent, `(E,)`; at least one seed.
        second: The same of the other design.
        rule: The method and the confidence; the margin is left to the verdict.

    Raises:
        ValueError: if the confidence is not between 0 and 1.
    """
    require_confidence(rule.confidence)
    if rule.method == "paired_t":
        shared = [seed for seed in first if seed in second]
        length = len(next(iter(first.values())))
        differences = _sample([np.subtract(first[s], second[s]) for s in shared], length)
        return _paired(differences, rule.confidence)
    one, other = _sample(list(first.values())), _sample(list(second.values()))
    if rule.method == "welch":
        return _welch(one, other, rule.confidence)
    return _mann_whitney(one, other, rule.confidence)


def difference_interval(
    first: Mapping[int, float], second: Mapping[int, float], rule: DecisionRule = DEFAULT_RULE
) -> Interval | None:
    """Return the interval of first minus second design's error in one cell.

    Args:
        first: Seed -> error in percent.
        second: The same of the other design.
        rule: The method and the confidence.

    Returns:
        The interval in percentage points; None if the seeds give none.

    >>> found = difference_interval({0: 4.0, 1: 5.0, 2: 6.0}, {0: 7.0, 1: 8.0, 2: 9.0})
    >>> round(found.mean, 2), round(found.lower, 2), round(found.upper, 2)
    (-3.0, -4.74, -1.26)
    """
    if not first or not second:
        return None
    one = {seed: (error,) for seed, error in first.items()}
    other = {seed: (error,) for seed, error in second.items()}
    return compare_errors(one, other, rule).interval(0, rule.confidence)


def _sample(curves: Sequence[ArrayLike], length: int = 0) -> NDArray[np.float64]:
    """Stack curves to `(n, E)`; values that are not finite become NaN."""
    stacked = np.array(curves, dtype=np.float64).reshape(len(curves), -1 if curves else length)
    return np.where(np.isfinite(stacked), stacked, np.nan)


def _count_mean_variance(
    sample: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return number, mean and sample variance over the finite values of each column."""
    known = np.isfinite(sample)
    number = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, sample, 0.0).sum(axis=0) / number
        squares = (np.where(known, sample - mean, 0.0) ** 2).sum(axis=0)
        variance = squares / (number - 1)
    variance[variance <= ROUNDING**2] = 0.0
    return number, np.where(number > 0, mean, np.nan), np.where(number > 1, variance, np.nan)


def _welch(
    first: NDArray[np.float64], second: NDArray[np.float64], confidence: float
) -> Differences:
    """Return Welch's interval, with the degrees of freedom of Welch and Satterthwaite."""
    num_first, mean_first, variance_first = _count_mean_variance(first)
    num_second, mean_second, variance_second = _count_mean_variance(second)
    mean = mean_first - mean_second
    enough = np.minimum(num_first, num_second) >= MIN_SEEDS
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = variance_first / num_first, variance_second / num_second
        degrees = welch_degrees(one, num_first, other, num_second)
        half_width = stdtrit(degrees, (1.0 + confidence) / 2.0) * np.sqrt(one + other)
        decides = enough & (one + other > 0.0)
    half_width = np.where(decides, half_width, np.nan)
    return Differences(mean, mean - half_width, mean + half_width, num_first, num_second)


def _paired(differences: NDArray[np.float64], confidence: float) -> Differences:
    """Return Student's t interval of the mean difference over the seeds that both have."""
    number, mean, variance = _count_mean_variance(differences)
    decides = (number >= MIN_SEEDS) & (variance > 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        quantile = stdtrit(np.maximum(number - 1, 1).astype(float), (1.0 + confidence) / 2.0)
        half_width = np.where(decides, quantile * np.sqrt(variance / number), np.nan)
    return Differences(mean, mean - half_width, mean + half_width, number, number)


def _mann_whitney(
    first: NDArray[np.float64], second: NDArray[np.float64], confidence: float
) -> Differences:
    """Return the interval of the shift by inverting the exact test of Mann & Whitney (1947).

    Its bounds are order statistics of all differences between a value of either design (Hodges &
    Lehmann 1963). A bound excludes 0 exactly if the one-sided test at `(1 - confidence) / 2` does;
    a tie counts against a decision. With 3 seeds a side the smallest level is 5 %.
    """
    num_first, mean_first, _ = _count_mean_variance(first)
    num_second, mean_second, _ = _count_mean_variance(second)
    mean = mean_first - mean_second
    lower, upper = np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    pairs = np.sort((first[:, None] - second[None, :]).reshape(-1, first.shape[1]), axis=0)
    for row, (m, n) in enumerate(zip(num_first.tolist(), num_second.tolist(), strict=True)):
        index = critical_rank(m, n, (1.0 - confidence) / 2.0) if min(m, n) >= MIN_SEEDS else None
        spread = pairs[m * n - 1, row] - pairs[0, row] if m * n else 0.0
        if index is not None and spread > ROUNDING:  # NaN, sorted last, is beyond m * n
            lower[row], upper[row] = pairs[index, row], pairs[m * n - 1 - index, row]
    return Differences(mean, lower, upper, num_first, num_second)


@lru_cache
def critical_rank(num_first: int, num_second: int, level: float) -> int | None:
    """Return the largest value of Mann and Whitney's U that rejects at a one-sided level.

    >>> critical_rank(3, 3, 0.05), critical_rank(5, 5, 0.05), critical_rank(2, 3, 0.05)
    (0, 4, None)
    """
    # Number of orders of m + n values with each U, for one m and every n: the largest is of the
    # first sample and exceeds n others, or is of the second.
    counts = [np.ones(1) for _ in range(num_second + 1)]
    for m in range(1, num_first + 1):
        fewer, counts = counts, [np.ones(1)]
        for n in range(1, num_second + 1):
            orders = np.zeros(m * n + 1)
            orders[n:] += fewer[n]
            orders[: m * (n - 1) + 1] += counts[n - 1]
            counts.append(orders)
    share = counts[num_second].cumsum() / math.comb(num_first + num_second, num_first)
    rejecting = int((share <= level + _LEVEL_TOLERANCE).sum())
    return rejecting - 1 if rejecting else None
