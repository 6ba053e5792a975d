"""Search for the largest width or depth within a number of parameters."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from ensemble_switchover.design.family import MAX_WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.design.family import Family, ImageTask


def largest_width(family: Family, depth: int, parameters: int, task: ImageTask) -> int | None:
    """Return the largest width at `depth` with at most `parameters` parameters, or None."""
    return largest(
        lambda width: width <= MAX_WIDTH and family.parameters(depth, width, task) <= parameters
    )


def largest_depth(family: Family, width: int, parameters: int, task: ImageTask) -> int | None:
    """Return the largest depth at `width` with at most `parameters` parameters, or None."""
    depths = family.depths

    def fits(n: int) -> bool:
        return n <= len(depths) and family.parameters(depths[n - 1], width, task) <= parameters

    n = largest(fits)
    return None if n is None else depths[n - 1]


def next_depth(family: Family, depth: int | None) -> int | None:
    """Return the next larger valid depth, or None; for `depth` None, the smallest one.

    >>> from ensemble_switchover.design import make_family
    >>> next_depth(make_family("resnet", {}), 8), next_depth(make_family("vgg", {}), 19)
    (14, None)
    """
    depths = family.depths
    above = 0 if depth is None else bisect_right(depths, depth)
    return depths[above] if above < len(depths) else None


def largest(fits: Callable[[int], bool]) -> int | None:
    """Return the largest n >= 1 for which `fits(n)`, or None; `fits` must be monotonic.

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
