"""The seconds of a process, divided among the runs that they are spent on."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class SharedClock:
    """Divides the seconds that pass equally among the runs that they are spent on."""

    def __init__(
        self, names: Sequence[str], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Begin, with seconds that are spent on all runs.

        Args:
            names: Those of the runs.
            clock: Returns seconds.
        """
        self._clock = clock
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._names = list(names)
        self._since = clock()

    def spend_on(self, names: Sequence[str]) -> None:
        """Divide the seconds from now on among these runs."""
        self._settle()
        self._names = list(names)

    def seconds_of(self, name: str) -> float:
        """Return the seconds of a run so far."""
        self._settle()
        return self._spent[name]

    def _settle(self) -> None:
        now = self._clock()
        for name in self._names:
            self._spent[name] += (now - self._since) / len(self._names)
        self._since = now
