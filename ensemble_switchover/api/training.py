"""Training one run from Python, with its record in the store as the command line leaves it."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from traceback import clear_frames
from typing import TYPE_CHECKING

from ensemble_switchover.api.composition import Run
from ensemble_switchover.api.epoch_bar import epoch_bar
from ensemble_switchover.api.process_state import process_given_back
from ensemble_switchover.api.records import load_record
from ensemble_switchover.errors import (
    ConfigError,
    EnsembleSwitchoverError,
    MachineError,
    RecordError,
    TrainingError,
)
from ensemble_switchover.results.state import RunState, ended_state, num_epochs_kept
from ensemble_switchover.runner.job import Ending, run_job
from ensemble_switchover.runner.run_seconds import mark_end
from ensemble_switchover.tracking.wandb_environment import overruled_variables

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record

_logger = logging.getLogger(__name__)


def train(run: Run, *, progress: bool = True) -> Record:
    """Train and measure a run, and write its record; one that is finished is read and returned.

    It does what `python -m ensemble_switchover` does: it takes the run's lock, goes on from a
    checkpoint, keeps weights and predictions, and sends metrics to the run's logger. What it
    changes in this process meanwhile, such as torch's number of threads, it sets back.

    Args:
        run: The run, as `compose` returns it.
        progress: Whether a bar over the epochs is shown in a notebook and in a terminal.

    Returns:
        The record.

    Raises:
        ConfigError: for what is no run.
        TrainingError: if the training fails, or has failed before (`retry=failed` tries it again).
        RecordError: if there is a record that cannot be read.
        MachineError: for what the machine refuses or lacks; the same call goes on.
        EnsembleSwitchoverError: for what else can be corrected, such as a run that another process
            works on.
        KeyboardInterrupt: if it is interrupted; the same call goes on from the last checkpoint.
    """
    if not isinstance(run, Run):
        raise ConfigError(
            f"train({run!r}): expected a run, as compose(...) returns it, and a "
            f"{type(run).__name__} came"
        )
    state = ended_state(run.folder)
    trains = state is None or (state is RunState.FAILED and run.config.retry == "failed")
    shown = epoch_bar(run.spec) if progress and trains else nullcontext()
    mark_end()  # what the process did before is no wait for this run
    with process_given_back(run.spec, trains=trains), shown:
        _tell(run)
        try:
            outcome = run_job(run.spec, run.config, concurrent_jobs=1)
        except KeyboardInterrupt as error:
            _free_frames(error)
            raise KeyboardInterrupt(_interrupted(run)) from None
        except MachineError:
            raise
        except EnsembleSwitchoverError as error:  # whose sentence says all
            _free_frames(error)
            raise error.with_traceback(None) from None
    if outcome.ending is Ending.FAILED_BEFORE:
        failed = ended_state(run.folder) is RunState.FAILED
        raise (TrainingError if failed else RecordError)(outcome.line)
    if outcome.ending is Ending.BUSY:
        raise EnsembleSwitchoverError(outcome.line)
    return load_record(run)


def _tell(run: Run) -> None:
    for note in run.notes:
        _logger.info(note)
    overruled = overruled_variables() if run.config.logger.kind == "wandb" else None
    if overruled is not None:
        _logger.warning(overruled)


def _interrupted(run: Run) -> str:
    kept, total = num_epochs_kept(run.folder), run.spec.recipe.epochs
    where = f"goes on after epoch {kept} of {total}" if kept else "begins anew"
    return f"{run.name}: interrupted; the same call {where}"


def _free_frames(error: BaseException) -> None:
    """Free what a training held: the error is kept, by notebooks for as long as they run."""
    cause: BaseException | None = error
    while cause is not None:
        clear_frames(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
