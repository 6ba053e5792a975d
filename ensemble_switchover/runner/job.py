"""One job of Hydra: reuse a finished record, or make it. Light: torch comes only with a run."""

from __future__ import annotations

import shutil
import traceback
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.config.schema import plain
from ensemble_switchover.errors import (
    DivergenceError,
    EnsembleSwitchoverError,
    TrainingError,
    first_line,
)
from ensemble_switchover.machine import interruption
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.layout import (
    LOG_FILE,
    RECORD_FILE,
    checkpoint_folder,
    predictions_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import Hold, take_lock
from ensemble_switchover.results.predictions import kept_epochs, predictions_file
from ensemble_switchover.results.record import RunDescription
from ensemble_switchover.results.state import RunState, ended_state, failure_of, has_checkpoint
from ensemble_switchover.results.store import (
    forget_description,
    forget_unfinished,
    write_description,
    write_failure,
    write_record,
)
from ensemble_switchover.runner.run_log import RunLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.config.run_spec import Cell
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.tracking.loggers import MetricLog


class Ending(Enum):
    """How a job ended."""

    TRAINED = "trained"
    REUSED = "reused"
    FAILED_BEFORE = "failed before"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, and a line about it."""

    ending: Ending
    line: str


def run_cell(
    cell: Cell,
    config: Config,
    *,
    concurrent_jobs: int,
    tell: Callable[[str], None],
    warn: Callable[[str], None],
    patient: bool = False,
) -> Outcome:
    """Run a cell unless its record is there, and write its record.

    A training that fails leaves its failure behind and raises. A run that another process works
    on is left to it. `tell` is given the course of the run, `warn` what goes wrong beside it; both
    go into the run's log too. With `patient`, it is watched whether a process of another machine
    is still there, which may take a minute.

    Raises:
        EnsembleSwitchoverError: for what the user can mend.
        Exception: whatever else a run raises.
    """
    interruption.check()
    known = _known(cell, config)
    if known is not None:
        return known
    lock = take_lock(unfinished_folder(cell.folder), patient=patient)
    if isinstance(lock, Hold):
        return Outcome(Ending.BUSY, f"{cell.name}: {lock}, is at it; left to that one")
    with lock:
        run_log = RunLog(cell.folder)
        try:
            known = _known(cell, config)
            if known is not None:
                return known
            run_log.write(f"{cell.name}, {lock.owner}")
            return _train_and_log(
                cell, config, concurrent_jobs, _both(run_log, tell), _both(run_log, warn), run_log
            )
        finally:
            if not has_checkpoint(cell.folder):
                forget_description(cell.folder)
                run_log.forget()


def _both(run_log: RunLog, tell: Callable[[str], None]) -> Callable[[str], None]:
    def both(line: str) -> None:
        run_log.write(line)
        tell(line)

    return both


def _lacks(cell: Cell, config: Config) -> str:
    """Tell which predictions are asked for that a finished run did not keep."""
    asked = kept_epochs(config.record.predictions, cell.recipe)
    files = read_document(cell.folder).files
    if all(predictions_file(epoch) in files for epoch in asked):
        return ""
    return (
        f" (it did not keep the predictions that record.predictions={config.record.predictions} "
        f"asks for; another study= trains it again)"
    )


def _known(cell: Cell, config: Config) -> Outcome | None:
    state = ended_state(cell.folder)
    path = cell.folder / RECORD_FILE
    if state is RunState.FINISHED:
        forget_unfinished(cell.folder)  # of a process that ended between its record and this
        return Outcome(Ending.REUSED, f"finished before, reused: {path}{_lacks(cell, config)}")
    if state is RunState.UNREADABLE:
        return Outcome(Ending.FAILED_BEFORE, f"{failure_of(cell.folder)}; remove it to run again")
    if state is RunState.FAILED and config.retry != "failed":
        return Outcome(
            Ending.FAILED_BEFORE,
            f"{cell.name} failed before: {failure_of(cell.folder)}; retry=failed tries it again",
        )
    return None


def _train_and_log(
    cell: Cell,
    config: Config,
    concurrent_jobs: int,
    tell: Callable[[str], None],
    warn: Callable[[str], None],
    run_log: RunLog,
) -> Outcome:
    from ensemble_switchover.tracking.loggers import MetricLog

    with MetricLog(config.logger, cell, tell, warn) as log:
        return _train(cell, config, concurrent_jobs, tell, warn, log, run_log)


def _train(
    cell: Cell,
    config: Config,
    concurrent_jobs: int,
    tell: Callable[[str], None],
    warn: Callable[[str], None],
    log: MetricLog,
    run_log: RunLog,
) -> Outcome:
    from ensemble_switchover.runner.run import summary_line, train_and_measure
    from ensemble_switchover.training.checkpoint import remove_checkpoints

    files: dict[str, bytes | Path] = {}
    description = describe_run(cell)
    write_description(cell.folder, description)

    def note(error: str) -> None:
        values = plain(config)
        write_failure(cell.folder, cell.name, error, description=description, config=values)
        run_log.write(traceback.format_exc())
        run_log.put_beside_failure()

    try:
        record = train_and_measure(
            cell,
            config,
            concurrent_jobs=concurrent_jobs,
            tell=tell,
            warn=warn,
            log=log,
            keep=files.__setitem__,
        )
    except TrainingError as error:
        note(str(error))
        if isinstance(error, DivergenceError):
            remove_checkpoints(checkpoint_folder(cell.folder))
            shutil.rmtree(predictions_folder(cell.folder), ignore_errors=True)
        raise
    except EnsembleSwitchoverError:
        raise  # of this machine or this moment, not of the run
    except Exception as error:
        note(f"{type(error).__name__}: {first_line(error)}")
        raise
    summary = summary_line(record)
    run_log.write(summary)
    write_record(cell.folder, record, {**files, LOG_FILE: run_log.content()})
    forget_unfinished(cell.folder)
    log.keep(record)
    return Outcome(Ending.TRAINED, f"{summary}\n{cell.folder / RECORD_FILE}")


def describe_run(cell: Cell) -> RunDescription:
    """Tell what a run is, for those who look while it has no record."""
    return RunDescription(
        family=cell.family.name,
        dataset=cell.dataset.name,
        design_class=cell.design.design_class.value,
        k=cell.design.k,
        depth=cell.design.depth,
        width=cell.design.width,
        budget_depth=cell.budget.depth,
        budget_width=cell.budget.width,
        budget_parameters=cell.budget.parameters,
        parameters=cell.design.parameters,
        epochs=cell.recipe.epochs,
        seed=cell.seed,
        fingerprint=cell.fingerprint,
    )
