"""When the page of a study is rewritten while a sweep trains its runs (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from ensemble_switchover.reporting.planned_runs import PlannedRuns

FIRST_SECONDS = 60.0
"""Seconds after which the first page is written from whatever is finished."""
CORE_SHARE = 0.05
"""Most that rewriting may take of the time of one core."""
GROWTH = 0.5
"""Seconds between two pages, as a share of those since the sweep began."""
SHORTEST_SECONDS = 10.0
LONGEST_SECONDS = 600.0


def seconds_between(elapsed: float, cost: float) -> float:
    """Return how many seconds after a page the next one may be written.

    Pages get rarer, since each new run then changes less, and are never so frequent that they take
    more than `CORE_SHARE` of the time of one core.

    Args:
        elapsed: Seconds since the sweep began.
        cost: Seconds of a core that the last page took.

    >>> [seconds_between(elapsed, 0.3) for elapsed in (15.0, 60.0, 600.0, 86_400.0)]
    [10.0, 30.0, 300.0, 600.0]
    >>> seconds_between(60.0, 5.0), seconds_between(86_400.0, 60.0)
    (100.0, 1200.0)
    """
    rarer = min(LONGEST_SECONDS, max(SHORTEST_SECONDS, GROWTH * elapsed))
    return max(rarer, cost / CORE_SHARE)


class Rewriting:
    """Decides when a page is written, from the clock and from the runs that are finished."""

    def __init__(self, planned: PlannedRuns, begin: float) -> None:
        """Begin without a page; the first one is written once the sweep has finished a run.

        Args:
            planned: The runs of the sweep.
            begin: When the sweep began, in seconds of the clock of all other calls.
        """
        self._planned = planned
        self._begin = begin
        self._next = begin
        self._shown: AbstractSet[str] = planned.finished_before
        self._num_pages = 0

    def is_due(self, now: float, finished: AbstractSet[str]) -> bool:
        """Return whether a page is to be written.

        Args:
            now: Seconds of the clock.
            finished: Names of the finished runs.
        """
        if finished == self._shown or now < self._next:
            return False
        if self._num_pages:
            return True
        return self._planned.show_something(finished) or now - self._begin >= FIRST_SECONDS

    def note(self, now: float, finished: AbstractSet[str], cost: float, *, written: bool) -> None:
        """Take note of a page that was written, or could not be.

        Args:
            now: Seconds of the clock.
            finished: Names of the runs that were finished when it was begun.
            cost: Seconds of a core that it took.
            written: False if it could not be written; it is tried again.
        """
        self._next = now + seconds_between(now - self._begin, cost)
        if written:
            self._shown = finished
            self._num_pages += 1
