"""How certain the winner at each budget is, at budgets with runs and between them.

docs/sweeps.md states the rule. A difference is the test error of an ensemble minus that of the
single network of the same budget and seed, in percentage points.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from statistics import fmean, variance
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST_DEVIATION = 0.01
"""Smallest standard deviation in percentage points; avoids division by 0 if seeds are equal."""


def certainties(
    budgets: Sequence[int], differences: Mapping[int, Sequence[float]]
) -> dict[int, float]:
    """Return for each budget by how many standard errors the difference deviates from 0.

    At a budget with runs this is the mean difference over its standard error, computed with the
    standard deviation pooled over all budgets. At a budget without runs the difference is
    interpolated between the neighbours, linearly in the logarithm of the parameters. Its variance
    is that of a single seed plus the square of half the neighbours' gap.

    Args:
        budgets: Parameters of every budget of the study.
        differences: Parameters of each budget with runs -> one difference per seed.

    Returns:
        Parameters of each budget -> number of standard errors.

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
    """Pool the variances of the budgets with several seeds; 1 percentage point if none has."""
    several = [values for values in differences.values() if len(values) > 1]
    if not several:
        return 1.0
    degrees = sum(len(values) - 1 for values in several)
    squares = sum((len(values) - 1) * variance(values) for values in several)
    return max(math.sqrt(squares / degrees), LEAST_DEVIATION)


def _between(budget: int, tried: Sequence[int], means: Mapping[int, float]) -> tuple[float, float]:
    """Return the difference interpolated at a budget, and half the gap between its neighbours."""
    index = bisect_left(tried, budget)
    if index in (0, len(tried)):
        return means[tried[min(index, len(tried) - 1)]], 0.0
    below, above = tried[index - 1], tried[index]
    share = math.log(budget / below) / math.log(above / below)
    mean = (1 - share) * means[below] + share * means[above]
    return mean, abs(means[above] - means[below]) / 2
