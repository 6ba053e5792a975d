"""Gathers what the members of this process did in an epoch, and hands it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytorch_lightning as lightning
import torch

from ensemble_switchover.training import EnsembleModule
from ensemble_switchover.training.epoch_part import EpochPart

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.measurement.memory import MemoryCallback
    from ensemble_switchover.measurement.timing import TimingCallback


class EpochCallback(lightning.Callback):
    """Comes last among the callbacks, so that every figure of the epoch is there."""

    def __init__(
        self,
        timing: TimingCallback,
        memory: MemoryCallback,
        on_epoch: Callable[[EpochPart], None],
    ) -> None:
        """Take the measuring callbacks, and what is to be given every epoch's part."""
        self.timing = timing
        self.memory = memory
        self.on_epoch = on_epoch
        self.num_epochs = 0
        """Of this process; its first is its warm-up."""

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Hand the epoch on."""
        assert isinstance(pl_module, EnsembleModule)
        self.num_epochs += 1
        seconds = list(self.timing.member_train_seconds)
        self.on_epoch(
            EpochPart(
                epoch=trainer.current_epoch + 1,
                warm_up=self.num_epochs == 1,
                step_losses=torch.stack(pl_module.step_losses),
                probabilities=pl_module.probabilities,
                train_seconds=sum(seconds),
                member_train_seconds=seconds,
                compile_seconds=pl_module.compile_seconds,
                waiting_share=self.timing.waiting_share,
                evaluation_seconds=self.timing.evaluation_seconds,
                peak=self.memory.peak,
                member_peak_device_bytes=self.memory.member_device_bytes,
                members=pl_module.member_states(),
            )
        )
