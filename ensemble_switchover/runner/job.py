"""One job of Hydra: reuse a finished record, or make it. Torch is imported only to train."""

from __future__ import annotations

import logging
import shutil
import traceback
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.config.schema import plain
from ensemble_switchover.errors import (
    DivergenceError,
    EnsembleSwitchoverError,
    MachineError,
    TrainingError,
    first_line,
)
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.inherited_variables import keep_library_caches_in
from ensemble_switchover.machine.logs import attached
from ensemble_switchover.machine.system_errors import machine_trouble, sentence_of
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.from_run_spec import spec_facts
from ensemble_switchover.results.layout import (
    LOG_FILE,
    RECORD_FILE,
    WANDB_FILE,
    checkpoint_folder,
    predictions_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import Hold, take_lock
from ensemble_switchover.results.predictions import kept_epochs, predictions_file
from ensemble_switchover.results.state import RunState, ended_state, failure_of, has_checkpoint
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
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config

_logger = logging.getLogger(__name__)


class Ending(Enum):
    """How a job ended."""

    TRAINED = "trained"
    REUSED = "reused"
    FAILED_BEFORE = "failed before"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job ended, and a line that says so."""

    ending: Ending
    line: str


def run_job(
    spec: RunSpec, config: Config, *, concurrent_jobs: int, patient: bool = False
) -> JobOutcome:
    """Train and measure a run unless its record is there, and write its record.

    A training that fails leaves a failure in the store and raises. What is of the machine, such as
    a full disk, is no failure of the run: it keeps its checkpoint, and the next call takes it up
    again. A run that another process works on is left to it. What is logged meanwhile goes into the
    run's log too. With `patient`, it is watched whether a process of another machine is still
    there, which may take a minute.

    Raises:
        MachineError: for what the machine refuses, lacks or has lost.
        EnsembleSwitchoverError: for what else the user can correct.
        Exception: whatever else a run raises.
    """
    interruption.check()
    try:
        return _run_unless_ended(spec, config, concurrent_jobs, patient=patient)
    except Exception as error:
        trouble = machine_trouble(error, spec.study_folder)
        if trouble is None:
            raise
        raise MachineError(
            f"{trouble}; no run has failed by it, and the same command goes on"
        ) from error


def _run_unless_ended(
    spec: RunSpec, config: Config, concurrent_jobs: int, *, patient: bool
) -> JobOutcome:
    ended = _ended_before(spec, config)
    if ended is not None:
        return ended
    lock = take_lock(unfinished_folder(spec.folder), patient=patient)
    if isinstance(lock, Hold):
        return JobOutcome(Ending.BUSY, f"{spec.name}: {lock}, is at it; left to that one")
    with lock:
        run_log = RunLog(spec.folder)
        try:
            ended = _ended_before(spec, config)
            if ended is not None:
                return ended
            require_room(spec, config)
            with attached(run_log):
                _logger.debug(f"{spec.name}, {lock.owner}")
                return _train_and_record(spec, config, concurrent_jobs, run_log)
        finally:
            with suppress(OSError):  # the run's own trouble is the one to tell
                if not has_checkpoint(spec.folder):
                    forget_description(spec.folder)
                    run_log.forget()
                    _remove_predictions(spec)


def _missing_predictions(spec: RunSpec, config: Config) -> str:
    """Say which requested predictions a finished run did not keep."""
    asked = kept_epochs(config.record.predictions, spec.recipe, spec.evaluated_epochs)
    files = read_document(spec.folder).files
    if all(predictions_file(epoch) in files for epoch in asked):
        return ""
    return (
        f" (it did not keep the predictions that record.predictions={config.record.predictions} "
        f"asks for; another study= trains it again)"
    )


def _ended_before(spec: RunSpec, config: Config) -> JobOutcome | None:
    state = ended_state(spec.folder)
    path = spec.folder / RECORD_FILE
    if state is RunState.FINISHED:
        forget_unfinished(spec.folder)  # left by a process that ended right after its record
        return JobOutcome(
            Ending.REUSED, f"finished before, reused: {path}{_missing_predictions(spec, config)}"
        )
    if state is RunState.UNREADABLE:
        return JobOutcome(
            Ending.FAILED_BEFORE,
            f"{failure_of(spec.folder)}; it is reused once it can be "
            f"read, and run again once it is removed",
        )
    if state is RunState.FAILED and config.retry != "failed":
        return JobOutcome(
            Ending.FAILED_BEFORE,
            f"{spec.name} failed before: {failure_of(spec.folder)}; retry=failed tries it again",
        )
    return None


def _train_and_record(
    spec: RunSpec, config: Config, concurrent_jobs: int, run_log: RunLog
) -> JobOutcome:
    """Train and measure a run, and write its record, or its failure."""
    keep_library_caches_in(spec.dataset.cache)  # before the libraries are imported
    from ensemble_switchover.runner.finish import summary_line
    from ensemble_switchover.runner.run import train_and_measure
    from ensemble_switchover.tracking.loggers import MetricLog

    files: dict[str, bytes | Path] = {}
    with MetricLog(config.logger, spec) as log:
        write_description(spec.folder, {**spec_facts(spec), "config": plain(config)})
        try:
            record = train_and_measure(
                spec, config, concurrent_jobs=concurrent_jobs, log=log, keep=files.__setitem__
            )
        except Exception as error:
            _write_failure(error, spec, config, run_log)
            raise
        summary = summary_line(record)
        _logger.debug(summary)
        write_record(spec.folder, record, {**files, LOG_FILE: run_log.content()})
        forget_unfinished(spec.folder)
        log.keep(record)
    return JobOutcome(Ending.TRAINED, f"{summary}\n{spec.folder / RECORD_FILE}")


def _write_failure(error: Exception, spec: RunSpec, config: Config, run_log: RunLog) -> None:
    """Write the failure of a run; a fault of the machine or the moment is none."""
    mark_end()
    _logger.debug(traceback.format_exc())
    if isinstance(error, EnsembleSwitchoverError) and not isinstance(error, TrainingError):
        return
    if machine_trouble(error) is not None:
        return
    reason = f"{type(error).__name__}: {first_line(error)}"
    if isinstance(error, TrainingError):
        reason = str(error)
    try:
        write_failure(
            spec.folder, spec.name, reason, description=spec_facts(spec), config=plain(config)
        )
    except OSError as refused:
        _logger.warning(f"that the run failed cannot be kept: {sentence_of(refused)}")
    run_log.put_beside_failure()
    if isinstance(error, DivergenceError):
        from ensemble_switchover.training.checkpoint import remove_checkpoints

        remove_checkpoints(checkpoint_folder(spec.folder))
        _remove_predictions(spec)
        # the next try begins anew, in a run of W&B of its own
        (unfinished_folder(spec.folder) / WANDB_FILE).unlink(missing_ok=True)


def _remove_predictions(spec: RunSpec) -> None:
    """Remove the predictions that an unfinished run has kept."""
    shutil.rmtree(predictions_folder(spec.folder), ignore_errors=True)
