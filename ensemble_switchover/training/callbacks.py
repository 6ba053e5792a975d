"""The Lightning callbacks of a run: evaluation, seconds, peak memory, the result of every epoch."""

from __future__ import annotations

import time
from bisect import bisect_left
from typing import TYPE_CHECKING

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Checkpoint

from ensemble_switchover.machine.units import most_known
from ensemble_switchover.measurement.disturbance import thread_times, waiting_share
from ensemble_switchover.measurement.memory import PeakMemory, read_peaks, reset_peaks
from ensemble_switchover.measurement.timing import MemberStopwatch, synchronised_clock
from ensemble_switchover.training.epoch_result import EpochResult
from ensemble_switchover.training.module import EnsembleModule
from ensemble_switchover.training.user_callbacks import LastValues, plain_states

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from ensemble_switchover.data.steps import Steps


class EvaluationSchedule(lightning.Callback):
    """Evaluates after some epochs only; after the others it looks for divergence."""

    def __init__(self, epochs: Collection[int]) -> None:
        """Take the epochs, counted from 1, after which the members are evaluated."""
        self.epochs = sorted(epochs)

    def setup(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str
    ) -> None:
        """Tell callbacks that watch an error whether there is one after every epoch."""
        every = len(self.epochs) == trainer.max_epochs
        trainer.check_val_every_n_epoch = 1 if every else 2

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Let Lightning prepare the evaluation before training, and not within it."""
        trainer.check_val_every_n_epoch = 1

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Keep to what was asked for before the run was resumed."""
        assert isinstance(pl_module, EnsembleModule)
        point = pl_module.resume_point
        trainer.should_stop = point is not None and point.stop_requested
        trainer.fit_loop.min_epochs = self._next_evaluated(trainer)

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Decide whether Lightning evaluates after the epoch: where its number is a multiple.

        What asks for the end of the training gets it once all members have trained an epoch that is
        evaluated.
        """
        assert isinstance(pl_module, EnsembleModule)
        epoch = trainer.current_epoch + 1
        trainer.check_val_every_n_epoch = 1 if epoch in self.epochs else epoch + 1
        trainer.fit_loop.min_epochs = self._next_evaluated(trainer)
        pl_module.set_learning_rate(range(pl_module.num_members), 0)  # for callbacks to see

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Stop the training when a member has diverged, as an evaluation would."""
        assert isinstance(pl_module, EnsembleModule)
        if trainer.current_epoch + 1 not in self.epochs:
            pl_module.stop_if_diverged()

    def _next_evaluated(self, trainer: lightning.Trainer) -> int:
        """Return the next epoch, counted from 1, after which the members are evaluated."""
        return self.epochs[bisect_left(self.epochs, trainer.current_epoch + 1)]


class TimingCallback(lightning.Callback):
    """Measures the seconds of the training work and of the evaluation of every epoch.

    Training ends with the last step of the last group: what comes after it in the epoch
    (evaluation, logging, saving) is not training, nor is moving members between host and device.
    Waiting for data between steps counts as training.
    """

    def __init__(self, num_members: int, clock: Callable[[], float] | None = None) -> None:
        self.clock = clock
        self.num_members = num_members
        self.stopwatch = MemberStopwatch(num_members, clock or time.perf_counter)
        self.evaluated = False
        """Whether the epoch was evaluated."""
        self.evaluation_seconds = 0.0
        self.waiting_share = 0.0
        """Time that threads waited for a processor in training, per working time."""
        self._threads: dict[str, tuple[int, int]] = {}
        self._evaluation_start = 0.0

    @property
    def member_training_seconds(self) -> list[float]:
        """Training seconds of each member in the last epoch."""
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
        self.evaluated, self.evaluation_seconds = False, 0.0
        self._threads = thread_times()
        self.stopwatch.start()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Steps,
        batch_idx: int,
    ) -> None:
        """Close a group's share of the epoch after its last step."""
        if batch.is_last:
            self.stopwatch.split(batch.members)

    def on_validation_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Measure how long threads waited in training, and start the clock of the evaluation."""
        self.evaluated = True
        self.waiting_share = waiting_share(self._threads, thread_times())
        self._evaluation_start = self.stopwatch.clock()

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Stop the clock of the evaluation."""
        self.evaluation_seconds = self.stopwatch.clock() - self._evaluation_start

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Measure how long threads waited in training where no evaluation followed it."""
        if not self.evaluated:
            self.waiting_share = waiting_share(self._threads, thread_times())


class MemoryCallback(lightning.Callback):
    """Measures the peak memory of every group's training work, without evaluation."""

    def __init__(self, num_members: int) -> None:
        """Take the number of members."""
        self.num_members = num_members
        self._peaks: dict[tuple[int, ...], PeakMemory] = {}
        """Peaks of the groups in the current epoch."""

    @property
    def peak(self) -> PeakMemory:
        """The highest peak of any group in the epoch."""
        peaks = list(self._peaks.values())
        return PeakMemory(
            device_bytes=most_known([peak.device_bytes for peak in peaks]),
            reserved_bytes=most_known([peak.reserved_bytes for peak in peaks]),
            rss_bytes=most_known([peak.rss_bytes for peak in peaks]),
        )

    @property
    def member_device_bytes(self) -> list[int]:
        """The peak bytes of each member's own training; empty where members share a group."""
        alone = {group[0]: peak for group, peak in self._peaks.items() if len(group) == 1}
        own = [alone[member].device_bytes for member in sorted(alone)]
        known = [number for number in own if number is not None]
        return known if len(known) == self.num_members else []

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Forget the peaks of the epoch before."""
        self._peaks = {}

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Steps,
        batch_idx: int,
    ) -> None:
        """Reset the peaks before the training work of a group."""
        if not batch.start:
            reset_peaks(pl_module.device)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Steps,
        batch_idx: int,
    ) -> None:
        """Read the peaks after the last step of a group."""
        if batch.is_last:
            self._peaks[batch.members] = read_peaks(pl_module.device)


class EpochCallback(Checkpoint):
    """Hands on the result of every epoch; the last callback, so that the others have measured.

    Lightning calls what it knows as a checkpoint after all others, early stopping among them.
    """

    def __init__(
        self,
        timing: TimingCallback,
        memory: MemoryCallback,
        on_epoch: Callable[[EpochResult], None],
        *,
        user: Mapping[str, lightning.Callback] | None = None,
        logger: LastValues | None = None,
    ) -> None:
        """Take the measuring callbacks.

        Args:
            timing: Measures seconds.
            memory: Measures bytes.
            on_epoch: Receives the result of every epoch.
            user: The callbacks of the user, whose states belong to the result.
            logger: What they log to.
        """
        self.timing = timing
        self.memory = memory
        self.on_epoch = on_epoch
        self.user = user or {}
        self.logger = logger
        self.num_epochs = 0
        """Epochs trained by this process; the first one is its warm-up."""

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Hand on the result of the epoch."""
        assert isinstance(pl_module, EnsembleModule)
        self.num_epochs += 1
        seconds = list(self.timing.member_training_seconds)
        self.on_epoch(
            EpochResult(
                epoch=trainer.current_epoch + 1,
                warm_up=self.num_epochs == 1,
                learning_rate=pl_module.learning_rate_at(trainer.current_epoch, 0),
                step_losses=torch.stack(pl_module.step_losses),
                logits=pl_module.logits if self.timing.evaluated else None,
                training_seconds=sum(seconds),
                member_training_seconds=seconds,
                compile_seconds=pl_module.compile_seconds,
                waiting_share=self.timing.waiting_share,
                evaluation_seconds=self.timing.evaluation_seconds,
                peak=self.memory.peak,
                member_peak_device_bytes=self.memory.member_device_bytes,
                members=pl_module.member_states(),
                callbacks=plain_states(self.user),
                stop_requested=trainer.should_stop,
                logged={} if self.logger is None else self.logger.take(trainer.logged_metrics),
            )
        )
