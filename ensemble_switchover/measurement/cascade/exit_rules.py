"""When a cascade stops: scores of the running mean of the members, and how many are asked.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ExitRule: TypeAlias = Literal["confidence", "margin"]
EXIT_RULES: tuple[ExitRule, ...] = get_args(ExitRule)
"""`confidence`: the largest mean probability; `margin`: the largest less the second largest."""

WHOLE_ENSEMBLE = 2.0
"""Threshold that no score reaches, even rounded up: every member is asked of every image."""

CHEAP_POINTS = 0.1
"""Percentage points by which the error of the cheapest cascade may exceed the whole ensemble's."""


def exit_scores(
    probabilities: NDArray[np.floating], order: Sequence[int], rule: ExitRule
) -> NDArray[np.float32]:
    """Return the score after each member: how sure the mean of those asked so far is.

    The mean is the running sum in single precision divided by the number of members asked.

    Args:
        probabilities: Of every member, `(k, N, C)`.
        order: The members in the order in which they are asked, counted from 0.
        rule: `confidence`, the largest mean probability, or `margin`, the largest less the second
            largest; of a single class the second is 0.

    Returns:
        The scores, `(k, N)`: row m is that after m + 1 members.

    Raises:
        ValueError: if the order is not one of all members.

    >>> two = np.array([[[0.6, 0.4]], [[0.8, 0.2]]])
    >>> exit_scores(two, [0, 1], "confidence").round(2).tolist()
    [[0.6000000238418579], [0.699999988079071]]
    >>> exit_scores(two, [1, 0], "margin").round(2).tolist()
    [[0.6000000238418579], [0.4000000059604645]]
    """
    require_order(order, len(probabilities))
    total = np.zeros(probabilities.shape[1:], dtype=np.float32)
    scores = np.empty(probabilities.shape[:2], dtype=np.float32)
    for row, member in enumerate(order):
        total += probabilities[member]
        scores[row] = score_mean(total / np.float32(row + 1), rule)
    return scores


def score_mean(mean: NDArray[np.float32], rule: ExitRule) -> NDArray[np.float32]:
    """Return the score `(N,)` of mean probabilities `(N, C)` by an exit rule."""
    largest: NDArray[np.float32] = mean.max(axis=1)
    return largest if rule == "confidence" else largest - second_largest(mean)


def second_largest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the second largest of each row of `(N, C)`, equal to the largest where it is tied.

    >>> second_largest(np.array([[0.2, 0.5, 0.3], [0.5, 0.5, 0.0]], dtype=np.float32)).round(1)
    array([0.3, 0.5], dtype=float32)
    >>> second_largest(np.ones((1, 1), dtype=np.float32))
    array([0.], dtype=float32)
    """
    if values.shape[1] < 2:
        return np.zeros(len(values), dtype=np.float32)
    others = values.copy()
    np.put_along_axis(others, values.argmax(axis=1)[:, None], -np.inf, axis=1)
    second: NDArray[np.float32] = others.max(axis=1)
    return second


def members_asked(
    scores: NDArray[np.float32], threshold: float | NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return how many members are asked: until the first score of at least the threshold, or all.

    Args:
        scores: `(k, N)` from `exit_scores`.
        threshold: Of all images, or of each, `(N,)`. At 0 the first member answers alone, above 1
            the whole ensemble.

    Returns:
        The numbers, `(N,)`, from 1 to k.

    >>> members_asked(np.array([[0.5, 0.9, 0.4], [0.7, 0.2, 0.5], [0.6, 0.9, 0.3]]), 0.6)
    array([2, 1, 3])
    """
    # in double precision, so that no threshold is rounded to a score
    enough = scores.astype(np.float64) >= np.asarray(threshold, dtype=np.float64)
    enough[-1] = True
    found: NDArray[np.intp] = enough.argmax(axis=0) + 1
    return found


def require_order(order: Sequence[int], k: int) -> None:
    """Refuse an order that does not name every member once.

    Raises:
        ValueError: if it is none.
    """
    if sorted(order) != list(range(k)):
        raise ValueError(f"order: expected each of the members 0 to {k - 1} once, got {order}")
