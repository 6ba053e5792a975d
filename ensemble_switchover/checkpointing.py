"""Keeps a run's state after every epoch, and finds it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytorch_lightning as lightning

from ensemble_switchover import interruption
from ensemble_switchover.results.store import dump_epochs, load_epochs
from ensemble_switchover.training import EnsembleModule
from ensemble_switchover.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.recorder import RecorderCallback


class CheckpointCallback(lightning.Callback):
    """Comes after the recorder; an interruption that was asked for ends the run after it."""

    def __init__(
        self,
        folder: Path,
        recorder: RecorderCallback,
        wall_clock: Callable[[], float],
        warn: Callable[[str], None],
    ) -> None:
        """Take where checkpoints go, the epochs' rows, and the seconds that the run has taken."""
        self.folder = folder
        self.recorder = recorder
        self.wall_clock = wall_clock
        self.warn = warn

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write a checkpoint; a fault of the disk costs the checkpoint, never the run."""
        assert isinstance(pl_module, EnsembleModule)
        rows = dump_epochs(self.recorder.epochs)
        try:
            write_checkpoint(self.folder, pl_module.checkpoint(rows, self.wall_clock()))
        except OSError as error:
            self.warn(f"no checkpoint after epoch {trainer.current_epoch + 1}: {error}")
        interruption.check()


def resume(
    folder: Path,
    module: EnsembleModule,
    recorder: RecorderCallback,
    warn: Callable[[str], None],
) -> Checkpoint | None:
    """Let a module and a recorder go on from the newest whole checkpoint, if there is one."""
    checkpoint = read_checkpoint(folder, warn)
    if checkpoint is not None:
        module.resumed = checkpoint
        recorder.epochs = load_epochs(checkpoint.rows)
    return checkpoint
