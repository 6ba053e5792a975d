"""After which epochs a checkpoint is written: where epochs are short, not after each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ensemble_switchover.machine import interruption

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LOST_SECONDS = 5.0
"""A process that is killed loses at most so many seconds of epochs, and its current epoch."""


class CheckpointPace:
    """Says when a checkpoint is due: the first at once, another `MAX_LOST_SECONDS` after the last.

    One is due too where the process is to end.
    Writing one of small networks takes a tenth of an epoch of theirs.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        """Take a clock that returns seconds; by default `time.perf_counter`."""
        self._clock = clock or time.perf_counter
        self._last: float | None = None
        self._epoch = 0
        self._is_due = False

    def is_due(self, epoch: int) -> bool:
        """Whether a checkpoint is to be written after an epoch, which has just ended.

        Of several runs that are trained in the same steps all are kept after an epoch, or none, so
        that they can go on together.
        """
        if epoch != self._epoch:
            self._epoch = epoch
            waited = self._last is None or self._clock() - self._last >= MAX_LOST_SECONDS
            self._is_due = waited or interruption.is_requested()
        return self._is_due

    def tried(self) -> None:
        """Note that one was written now, or could not be."""
        self._last = self._clock()
