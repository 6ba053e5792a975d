"""One row an epoch, gathered from the measuring callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytorch_lightning as lightning

from ensemble_switchover.results.record import EpochRecord
from ensemble_switchover.training import EnsembleModule

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.measurement.classification import ClassificationCallback
    from ensemble_switchover.measurement.memory import MemoryCallback
    from ensemble_switchover.measurement.timing import TimingCallback


class RecorderCallback(lightning.Callback):
    """Comes last among the callbacks, so that every figure of the epoch is there."""

    def __init__(
        self,
        timing: TimingCallback,
        memory: MemoryCallback,
        classification: ClassificationCallback,
        tell: Callable[[EpochRecord], None],
    ) -> None:
        """Take the measuring callbacks, and whom to tell of every finished epoch's row."""
        self.timing = timing
        self.memory = memory
        self.classification = classification
        self.tell = tell
        self.epochs: list[EpochRecord] = []
        """Those of former processes included."""
        self.trained_here = 0
        """Epochs of this process; its first is its warm-up."""

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Make the epoch's row."""
        result = self.classification.result
        assert isinstance(pl_module, EnsembleModule)
        assert result is not None
        seconds = list(self.timing.member_train_seconds)
        epoch = EpochRecord(
            epoch=trainer.current_epoch + 1,
            learning_rate=pl_module.recipe.learning_rate_at(trainer.current_epoch),
            train_loss=pl_module.train_loss,
            train_seconds=sum(seconds),
            member_train_seconds=seconds,
            warm_up=not self.trained_here,
            evaluation_seconds=self.timing.evaluation_seconds,
            test_error=result.test_error,
            member_test_errors=result.member_test_errors,
            nll=result.nll,
            brier=result.brier,
            ece=result.ece,
            disagreement=result.disagreement,
            peak_device_bytes=self.memory.peak.device_bytes,
            peak_reserved_bytes=self.memory.peak.reserved_bytes,
            peak_rss_bytes=self.memory.peak.rss_bytes,
        )
        self.epochs.append(epoch)
        self.trained_here += 1
        self.tell(epoch)
