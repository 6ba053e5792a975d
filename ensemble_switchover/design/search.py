"""The largest network under a number of parameters, along one knob."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.design.family import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.design.family import Family, ImageTask


def largest_width(family: Family, depth: int, parameters: int, task: ImageTask) -> int | None:
    """Return the largest width at `depth` with at most `parameters` parameters, if there is one."""
    return largest(lambda width: family.parameters(depth, width, task) <= parameters)


def largest_depth(family: Family, width: int, parameters: int, task: ImageTask) -> int | None:
    """Return the largest depth at `width` with at most `parameters` parameters, if there is one."""
    step, offset = family.depth_step, family.depth_offset

    def fits(n: int) -> bool:
        depth = step * n + offset
        return depth <= MAX_DEPTH and family.parameters(depth, width, task) <= parameters

    n = largest(fits)
    return None if n is None else step * n + offset


def largest(fits: Callable[[int], bool]) -> int | None:
    """Return the largest n >= 1 that fits, where everything below a fitting n fits too.

    >>> largest(lambda n: n * n <= 50), largest(lambda n: False)
    (7, None)
    """
    if not fits(1):
        return None
    lower = 1
    while fits(2 * lower):
        lower *= 2
    upper = 2 * lower
    while upper - lower > 1:
        middle = (lower + upper) // 2
        if fits(middle):
            lower = middle
        else:
            upper = middle
    return lower
