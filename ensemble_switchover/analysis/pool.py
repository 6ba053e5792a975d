"""The test error of ensembles drawn from a pool of independently trained members of one design.

Dimensions: M members, N images, C classes. Since the members are independent, any k of them form
an ensemble. A pool of M members therefore gives the mean test error of an ensemble of k members and
its interval without training k new members for every sample.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.statistics import CONFIDENCE, ROUNDING, Interval, t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_SUBSETS = 2000
"""Number of ensembles drawn at random from a pool that has more subsets of k members."""


def choose_subsets(
    num_members: int, k: int, generator: np.random.Generator, limit: int = MAX_SUBSETS
) -> NDArray[np.int64]:
    """Return all subsets of k members, or `limit` subsets drawn at random if there are more.

    Args:
        num_members: Number of members of the pool, M.
        k: Number of members of an ensemble.
        generator: Random generator for the draw.
        limit: Largest number of subsets.

    Returns:
        Indices of members, `(ensembles, k)`.

    Raises:
        ValueError: if the pool has fewer than k members, or k is below 1.

    >>> choose_subsets(3, 2, np.random.default_rng(0)).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    if not 1 <= k <= num_members:
        raise ValueError(f"k={k}: expected 1 to {num_members}, the members of the pool")
    if math.comb(num_members, k) <= limit:
        return np.array(list(combinations(range(num_members), k)), dtype=np.int64)
    order = generator.random((limit, num_members)).argsort(axis=1)
    return order[:, :k].astype(np.int64)


def measure_ensembles(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], subsets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the test error in percent of every ensemble, whose prediction is the members' mean.

    Args:
        probabilities: Softmax outputs of the members, `(M, N, C)`; half precision suffices.
        labels: True classes, `(N,)`.
        subsets: Indices of members, `(ensembles, k)`.

    Raises:
        ValueError: if the shapes do not match, or a probability is not finite.
    """
    if probabilities.ndim != 3 or labels.shape != probabilities.shape[1:2]:
        raise ValueError(
            f"probabilities of shape {probabilities.shape} and labels of shape {labels.shape}: "
            "expected (members, images, classes) and (images,)"
        )
    if not np.isfinite(probabilities).all():
        members = np.flatnonzero(~np.isfinite(probabilities).all(axis=(1, 2))).tolist()
        raise ValueError(f"members {members}: a probability is not finite")
    errors = np.empty(len(subsets))
    exact = probabilities.astype(np.float32)
    total = np.empty_like(exact[0])
    for number, members in enumerate(subsets):
        total[:] = exact[members[0]]
        for member in members[1:]:
            total += exact[member]
        errors[number] = 100.0 * np.mean(total.argmax(axis=1) != labels)
    return errors


def pool_interval(
    errors: NDArray[np.float64],
    subsets: NDArray[np.int64],
    num_members: int,
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """Return the interval of the mean test error of an ensemble of k members.

    The mean over the k-subsets of M members is a U-statistic. Its spread over pools of M members is
    estimated by Tukey's pseudo-values, `M * mean - (M - 1) * mean without member i`; this is their
    t interval (Arvesen 1969, Jackknifing U-statistics). A bootstrap with replacement would give too
    narrow an interval for pools this small, since it forms ensembles that hold a member twice.

    Args:
        errors: Test error in percent of every ensemble, `(ensembles,)`.
        subsets: Indices of their members, `(ensembles, k)`.
        num_members: Number of members of the pool, M.
        confidence: Confidence of the interval, between 0 and 1.

    Returns:
        The interval in percent with M samples; None if the pool has at most k members or no spread.
    """
    k = subsets.shape[1]
    if num_members <= k:
        return None
    holds = np.zeros((len(subsets), num_members), dtype=bool)
    np.put_along_axis(holds, subsets, values=True, axis=1)
    mean = float(errors.mean())
    without = np.array([errors[~holds[:, member]].mean() for member in range(num_members)])
    spread = float(np.square(without - without.mean()).sum())
    standard_error = math.sqrt((num_members - 1) / num_members * spread)
    if standard_error <= ROUNDING:
        return None
    half_width = t_quantile(num_members - 1, confidence) * standard_error
    return Interval(mean, mean - half_width, mean + half_width, confidence, num_members)


def pool_difference(
    ensemble: NDArray[np.floating],
    single: NDArray[np.floating],
    labels: NDArray[np.integer],
    k: int,
    confidence: float = CONFIDENCE,
    generator: np.random.Generator | None = None,
) -> Interval | None:
    """Return the interval of ensemble minus single test error from two pools of members.

    The pools are independent, so their variances add. The degrees of freedom are those of the
    smaller pool, which makes the interval rather too wide than too narrow.

    Args:
        ensemble: Probabilities of the members of one ensemble design, `(M, N, C)`.
        single: Probabilities of the single networks of one budget, `(M', N, C)`.
        labels: True classes, `(N,)`.
        k: Number of members of an ensemble.
        confidence: Confidence of the interval, between 0 and 1.
        generator: Random generator that draws subsets of a large pool; seed 0 by default.

    Returns:
        The interval in percentage points; None if either pool gives no interval.
    """
    draw = generator or np.random.default_rng(0)
    intervals = []
    for probabilities, size in ((ensemble, k), (single, 1)):
        subsets = choose_subsets(len(probabilities), size, draw)
        errors = measure_ensembles(probabilities, labels, subsets)
        intervals.append(pool_interval(errors, subsets, len(probabilities), confidence))
    first, second = intervals
    if first is None or second is None:
        return None
    standard_errors = [
        (interval.upper - interval.mean) / t_quantile(interval.num_samples - 1, confidence)
        for interval in (first, second)
    ]
    num_samples = min(first.num_samples, second.num_samples)
    mean = first.mean - second.mean
    half_width = t_quantile(num_samples - 1, confidence) * math.hypot(*standard_errors)
    return Interval(mean, mean - half_width, mean + half_width, confidence, num_samples)
