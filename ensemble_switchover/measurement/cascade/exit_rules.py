"""When a cascade stops: by the score of the members' mean so far, and how many are asked.

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


def second_largest(values: NDArray[np.float32], largest: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the second largest of each row of `(N, C)`, equal to the largest where it is tied.

    Args:
        values: `(N, C)`.
        largest: `(N,)` where the largest of each row is.

    >>> values = np.array([[0.2, 0.5, 0.3], [0.5, 0.5, 0.0]], dtype=np.float32)
    >>> second_largest(values, values.argmax(axis=1)).round(1)
    array([0.3, 0.5], dtype=float32)
    >>> second_largest(np.ones((1, 1), dtype=np.float32), np.array([0]))
    array([0.], dtype=float32)
    """
    if values.shape[1] < 2:
        return np.zeros(len(values), dtype=np.float32)
    others = values.copy()
    np.put_along_axis(others, largest[:, None], -np.inf, axis=1)
    second: NDArray[np.float32] = others.max(axis=1)
    return second


def members_asked(
    scores: NDArray[np.float32], threshold: float | NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return how many members are asked: until the first score of at least the threshold, or all.

    Args:
        scores: `(k, N)` after each member, as `CascadeAnswers` has them.
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
