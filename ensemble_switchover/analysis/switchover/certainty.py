"""How certain it is who wins at each budget, where runs were made and between them.

The rule is plain, and stated in docs/sweeps.md. A difference is the test error of an ensemble minus
that of the single network of the same budget and seed, in percentage points.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from statistics import fmean, variance
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST_DEVIATION = 0.01
"""Percentage points; where no two seeds differ, something has to be divided by."""


def certainties(
    budgets: Sequence[int], differences: Mapping[int, Sequence[float]]
) -> dict[int, float]:
    """Return for each budget how many standard errors the difference is away from none.

    At a budget with runs it is the mean difference over its standard error, with the standard
    deviation that all budgets share. At one without runs, the difference is read off the line
    between its neighbours over the logarithm of the parameters, and its variance is that of a
    single seed, and the square of half of what its neighbours differ by.

    Args:
        budgets: Parameters of each budget that runs may be made of.
        differences: Of the budgets that runs were made of: one difference a seed.

    >>> found = certainties([1000, 2000, 4000], {1000: [3.0, 5.0], 4000: [-3.0, -5.0]})
    >>> round(found[1000], 2), found[2000]
    (4.0, 0.0)
    """
    deviation = _shared_deviation(differences)
    tried = sorted(differences)
    means = {budget: fmean(values) for budget, values in differences.items()}
    found = {}
    for budget in budgets:
        if budget in differences:
            error = deviation / math.sqrt(len(differences[budget]))
            found[budget] = abs(means[budget]) / error
        elif tried:
            mean, half_gap = _between(budget, tried, means)
            found[budget] = abs(mean) / math.hypot(deviation, half_gap)
        else:
            found[budget] = 0.0
    return found


def _shared_deviation(differences: Mapping[int, Sequence[float]]) -> float:
    """Pool the variances of the budgets that have several seeds; one point where none has."""
    several = [values for values in differences.values() if len(values) > 1]
    if not several:
        return 1.0
    degrees = sum(len(values) - 1 for values in several)
    squares = sum((len(values) - 1) * variance(values) for values in several)
    return max(math.sqrt(squares / degrees), LEAST_DEVIATION)


def _between(budget: int, tried: Sequence[int], means: Mapping[int, float]) -> tuple[float, float]:
    """Return the difference at a budget by its neighbours, and half of what those differ by."""
    place = bisect_left(tried, budget)
    if place in (0, len(tried)):
        return means[tried[min(place, len(tried) - 1)]], 0.0
    below, above = tried[place - 1], tried[place]
    share = math.log(budget / below) / math.log(above / below)
    mean = (1 - share) * means[below] + share * means[above]
    return mean, abs(means[above] - means[below]) / 2
