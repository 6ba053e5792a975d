"""How often a measurement is repeated for a run, where several runs of a design share it."""

from __future__ import annotations


def shared_repeats(repeats: int, num_sharing: int, least: int = 2) -> int:
    """Return a run's part of the repeats that one run alone would have.

    Args:
        repeats: Those of a run alone.
        num_sharing: Runs of the design that share them.
        least: The fewest that a run has, unless a run alone has fewer.

    >>> shared_repeats(30, 1), shared_repeats(30, 4), shared_repeats(5, 4), shared_repeats(0, 4)
    (30, 8, 2, 0)
    """
    return min(repeats, max(least, -(-repeats // num_sharing)))
