"""Seconds of training work by member, without evaluation.

On an accelerator the clock is read after a synchronise, so that queued work counts.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def synchronised_clock(device: torch.device) -> Callable[[], float]:
    """Return a clock, in seconds, that waits for the device's queued work before it is read."""
    waits: dict[str, Callable[[], None]] = {
        "cuda": partial(torch.cuda.synchronize, device),
        "mps": torch.mps.synchronize,
    }
    wait = waits.get(device.type)
    if wait is None:
        return time.perf_counter

    def read() -> float:
        wait()
        return time.perf_counter()

    return read


class MemberStopwatch:
    """Divides the time of an epoch among the members, group by group."""

    def __init__(self, num_members: int, clock: Callable[[], float]) -> None:
        """Take the number of members, and a clock that returns seconds."""
        self.clock = clock
        self.seconds = [0.0] * num_members
        self._mark = 0.0

    def start(self) -> None:
        """Start an epoch."""
        self.seconds = [0.0] * len(self.seconds)
        self._mark = self.clock()

    def split(self, members: tuple[int, ...]) -> None:
        """Divide the time since the last split, or the start, equally among `members`."""
        now = self.clock()
        for member in members:
            self.seconds[member] += (now - self._mark) / len(members)
        self._mark = now

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Exclude the time of the block."""
        start = self.clock()
        try:
            yield
        finally:
            self._mark += self.clock() - start
