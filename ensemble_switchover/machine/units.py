"""Units of memory and time, and amounts of which some are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MEBIBYTE = 2**20
"""Bytes."""

GIBIBYTE = 2**30
"""Bytes."""

MINUTE_SECONDS = 60.0
HOUR_SECONDS = 3600.0


def most_known(amounts: Iterable[int | None]) -> int | None:
    """Return the largest amount that is known; None if none is.

    >>> most_known([3, None, 5]), most_known([None])
    (5, None)
    """
    return max((amount for amount in amounts if amount is not None), default=None)
