"""A run that this process holds: its lock, its log, and what it leaves in the store."""

from __future__ import annotations

import logging
import shutil
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from ensemble_switchover.config.schema import plain
from ensemble_switchover.errors import (
    DivergenceError,
    EnsembleSwitchoverError,
    TrainingError,
    first_line,
)
from ensemble_switchover.machine.logs import about, attached
from ensemble_switchover.machine.system_errors import machine_trouble, sentence_of
from ensemble_switchover.results.from_run_spec import spec_facts
from ensemble_switchover.results.layout import (
    LOG_FILE,
    WANDB_FILE,
    checkpoint_folder,
    predictions_folder,
    unfinished_folder,
)
from ensemble_switchover.results.state import has_checkpoint
from ensemble_switchover.results.store import (
    forget_description,
    forget_unfinished,
    write_description,
    write_failure,
    write_record,
)
from ensemble_switchover.runner.room import require_room
from ensemble_switchover.runner.run_log import RunLog
from ensemble_switchover.runner.run_seconds import mark_end

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.results.lock import RunLock
    from ensemble_switchover.results.record import Record

_logger = logging.getLogger(__name__)


class HeldRun:
    """A run whose lock this process has; what it needs no more is removed at the end."""

    def __init__(self, spec: RunSpec, config: Config, lock: RunLock) -> None:
        """Take a run and its lock."""
        self.spec = spec
        self.config = config
        self.lock = lock
        self.log = RunLog(spec.folder)
        self.files: dict[str, bytes | Path] = {}
        """What belongs beside the record."""

    def begin_in(self, stack: ExitStack) -> None:
        """Describe the run in its folder, and log until the stack is closed.

        Raises:
            OSError: if the record will not fit onto the disk, or the folder cannot be written.
        """
        require_room(self.spec, self.config)
        stack.enter_context(attached(self.log))
        with about(self.spec.name):
            _logger.debug(f"{self.spec.name}, {self.lock.owner}")
        write_description(self.spec.folder, {**spec_facts(self.spec), "config": plain(self.config)})

    def write(self, record: Record, summary: str) -> None:
        """Write the record, after its summary in the log, and forget what is unfinished.

        Raises:
            OSError: if it cannot be written.
        """
        _logger.debug(summary)
        write_record(self.spec.folder, record, {**self.files, LOG_FILE: self.log.content()})
        forget_unfinished(self.spec.folder)

    def write_failure(self, error: Exception) -> None:
        """Write the failure of the run; a fault of the machine or the moment is none."""
        mark_end()
        _logger.debug("".join(traceback.format_exception(error)))
        if isinstance(error, EnsembleSwitchoverError) and not isinstance(error, TrainingError):
            return
        if machine_trouble(error) is not None:
            return
        spec = self.spec
        reason = f"{type(error).__name__}: {first_line(error)}"
        if isinstance(error, TrainingError):
            reason = str(error)
        try:
            write_failure(
                spec.folder,
                spec.name,
                reason,
                description=spec_facts(spec),
                config=plain(self.config),
            )
        except OSError as refused:
            _logger.warning(f"that the run failed cannot be kept: {sentence_of(refused)}")
        self.log.put_beside_failure()
        if isinstance(error, DivergenceError):
            from ensemble_switchover.training.checkpoint import remove_checkpoints

            remove_checkpoints(checkpoint_folder(spec.folder))
            self._remove_predictions()
            # the next try begins anew, in a run of W&B of its own
            (unfinished_folder(spec.folder) / WANDB_FILE).unlink(missing_ok=True)

    def clean_up(self) -> None:
        """Remove what a run without a checkpoint has no use for."""
        with suppress(OSError):  # the run's own trouble is the one to tell
            if not has_checkpoint(self.spec.folder):
                forget_description(self.spec.folder)
                self.log.forget()
                self._remove_predictions()

    def _remove_predictions(self) -> None:
        """Remove the predictions that an unfinished run has kept."""
        shutil.rmtree(predictions_folder(self.spec.folder), ignore_errors=True)
