"""Seconds of training work, told apart by member and free of evaluation.

On an accelerator the clock is read after a synchronise, so that queued work counts.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytorch_lightning as lightning
import torch

from ensemble_switchover.measurement.disturbance import thread_times, waiting_share
from ensemble_switchover.training import EnsembleModule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ensemble_switchover.data.batches import GroupEpoch


def synchronised_clock(device: torch.device) -> Callable[[], float]:
    """Return a monotonic clock in seconds that first waits for the device's queued work."""
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
    """Splits the time of an epoch among the members, group by group."""

    def __init__(self, num_members: int, clock: Callable[[], float]) -> None:
        """Take the number of members and a clock in seconds."""
        self.clock = clock
        self.seconds = [0.0] * num_members
        self._mark = 0.0

    def start(self) -> None:
        """Begin an epoch."""
        self.seconds = [0.0] * len(self.seconds)
        self._mark = self.clock()

    def split(self, members: tuple[int, ...]) -> None:
        """Share the time since the last split, or the start, among `members` equally."""
        now = self.clock()
        for member in members:
            self.seconds[member] += (now - self._mark) / len(members)
        self._mark = now

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out the time that the block takes."""
        start = self.clock()
        try:
            yield
        finally:
            self._mark += self.clock() - start


class TimingCallback(lightning.Callback):
    """Times the training work and the evaluation of every epoch.

    Training ends with the last step of the last group: what comes after it in the epoch
    (evaluation, logging, saving) is not training, nor is moving members between host and device.
    Waiting for data between steps is.
    """

    def __init__(self, num_members: int, clock: Callable[[], float] | None = None) -> None:
        self.clock = clock
        self.num_members = num_members
        self.stopwatch = MemberStopwatch(num_members, clock or time.perf_counter)
        self.evaluation_seconds = 0.0
        self.waiting_share = 0.0
        """Of the threads' working time in the last epoch's training, for a processor."""
        self._threads: dict[str, tuple[int, int]] = {}
        self._evaluation_start = 0.0

    @property
    def member_train_seconds(self) -> list[float]:
        """Seconds of the last epoch, one figure a member."""
        return self.stopwatch.seconds

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Choose the clock for the device."""
        clock = self.clock or synchronised_clock(pl_module.device)
        self.stopwatch = MemberStopwatch(self.num_members, clock)
        if isinstance(pl_module, EnsembleModule):
            pl_module.untimed = self.stopwatch.paused

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the epoch's clock."""
        self._threads = thread_times()
        self.stopwatch.start()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: GroupEpoch,
        batch_idx: int,
    ) -> None:
        """Close a group's share of the epoch after its last step."""
        self.stopwatch.split(batch.members)

    def on_validation_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Look how long threads waited in training, and start the clock of the evaluation."""
        self.waiting_share = waiting_share(self._threads, thread_times())
        self._evaluation_start = self.stopwatch.clock()

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Stop the clock of the evaluation."""
        self.evaluation_seconds = self.stopwatch.clock() - self._evaluation_start
