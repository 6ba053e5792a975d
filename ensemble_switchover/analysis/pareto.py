"""The Pareto front of cost and error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def pareto_front(costs: Sequence[float], errors: Sequence[float]) -> list[bool]:
    """Mark the points that no other point matches in both numbers and undercuts in one.

    Args:
        costs: Cost of each point.
        errors: Error of each point.

    >>> pareto_front([1.0, 2.0, 3.0, 2.0], [9.0, 5.0, 6.0, 5.0])
    [True, True, False, True]
    """
    front = [False] * len(costs)
    best: tuple[float, float] | None = None
    for index in sorted(range(len(costs)), key=lambda i: (costs[i], errors[i])):
        point = (costs[index], errors[index])
        if best is None or point == best or point[1] < best[1]:
            front[index], best = True, point
    return front
