"""Where the seconds of a run go, measured while it runs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING

from ensemble_switchover.machine.process_age import process_age_seconds
from ensemble_switchover.results.record import SecondsRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PARTS = tuple(field.name for field in fields(SecondsRecord) if field.name != "rest")

_loaded_at = time.perf_counter()
_former_end: float | None = None
"""When the last run of this process ended, by `time.perf_counter`."""


def mark_end() -> None:
    """Note that a run of this process ended now: the next one has waited since then."""
    global _former_end
    _former_end = time.perf_counter()


def _waited_seconds() -> float:
    """Return the seconds since the last run of this process, or since the process started."""
    if _former_end is not None:
        return time.perf_counter() - _former_end
    age = process_age_seconds()
    return time.perf_counter() - _loaded_at if age is None else age


class RunSeconds:
    """The seconds of a run, or of a group of seeds trained together, by part.

    The parts are the fields of `SecondsRecord`.
    """

    def __init__(
        self, former: Mapping[str, float] | None = None, *, clock: Callable[[], float] | None = None
    ) -> None:
        """Begin, with the wait before the run.

        Args:
            former: The parts so far, by name; by default the wait before this run alone.
            clock: Returns seconds; by default `time.perf_counter`.
        """
        self.parts = {"waiting": _waited_seconds()} if former is None else dict(former)
        """Seconds of each part, by its name."""
        self._clock = clock or time.perf_counter

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure what is done within as one part, also where it raises."""
        begin = self._clock()
        try:
            yield
        finally:
            self.add({name: self._clock() - begin})

    def add(self, parts: Mapping[str, float]) -> None:
        """Add seconds that were measured elsewhere, or in a former process of the run."""
        for name, seconds in parts.items():
            assert name in _PARTS, name
            self.parts[name] = self.parts.get(name, 0.0) + seconds

    def share(self, num_runs: int) -> RunSeconds:
        """Return the share of one of the runs of a group, which all have the same."""
        return RunSeconds({name: seconds / num_runs for name, seconds in self.parts.items()})

    def record(self, wall_seconds: float) -> SecondsRecord:
        """Return the parts, and as the rest what of the wall clock is in none of them."""
        inside = sum(seconds for name, seconds in self.parts.items() if name != "waiting")
        return SecondsRecord(**self.parts, rest=max(0.0, wall_seconds - inside))
