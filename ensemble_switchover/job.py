"""One job of Hydra: reuse a finished record, or make it. Light: torch comes only with a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from ensemble_switchover import interruption
from ensemble_switchover.errors import EnsembleSwitchoverError, TrainingError
from ensemble_switchover.results.store import (
    RECORD_FILE,
    RunState,
    failure_of,
    run_state,
    write_failure,
    write_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.cell import Cell
    from ensemble_switchover.config import Config
    from ensemble_switchover.loggers import MetricLog

LOCKS_FOLDER = ".locks"


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
) -> Outcome:
    """Run a cell unless its record is there, and write its record.

    A training that fails leaves its failure behind and raises. A run that another process works
    on is left to it. `tell` is given the course of the run, `warn` what goes wrong beside it.

    Raises:
        EnsembleSwitchoverError: for what the user can mend.
        Exception: whatever else a run raises.
    """
    interruption.check()
    known = _known(cell, config.retry)
    if known is not None:
        return known
    try:
        with FileLock(_lock_path(cell), timeout=0):
            known = _known(cell, config.retry)
            return known or _train_and_log(cell, config, concurrent_jobs, tell, warn)
    except Timeout:
        return Outcome(Ending.BUSY, f"{cell.name}: another process is at it; left to that one")


def _known(cell: Cell, retry: str) -> Outcome | None:
    state = run_state(cell.folder)
    path = cell.folder / RECORD_FILE
    if state is RunState.FINISHED:
        return Outcome(Ending.REUSED, f"finished before, reused: {path}")
    if state is RunState.UNREADABLE:
        return Outcome(Ending.FAILED_BEFORE, f"{failure_of(cell.folder)}; remove it to run again")
    if state is RunState.FAILED and retry != "failed":
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
) -> Outcome:
    from ensemble_switchover.loggers import MetricLog

    with MetricLog(config.logger, cell, tell, warn) as log:
        return _train(cell, config, concurrent_jobs, tell, warn, log)


def _train(
    cell: Cell,
    config: Config,
    concurrent_jobs: int,
    tell: Callable[[str], None],
    warn: Callable[[str], None],
    log: MetricLog,
) -> Outcome:
    from ensemble_switchover.run import summary_line, train_and_measure
    from ensemble_switchover.training.checkpoint import remove_checkpoints

    files: dict[str, bytes] = {}
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
        write_failure(cell.folder, cell.name, str(error))
        remove_checkpoints(cell.checkpoint_folder)
        raise
    except EnsembleSwitchoverError:
        raise  # of this machine or this moment, not of the run
    except Exception as error:
        write_failure(cell.folder, cell.name, f"{type(error).__name__}: {error}")
        raise
    write_record(cell.folder, record, files)
    remove_checkpoints(cell.checkpoint_folder)
    log.keep(record)
    return Outcome(Ending.TRAINED, f"{summary_line(record)}\n{cell.folder / RECORD_FILE}")


def _lock_path(cell: Cell) -> Path:
    folder = cell.study_folder / LOCKS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{cell.name}.lock"
