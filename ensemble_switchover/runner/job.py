"""One job of Hydra: reuse a finished record, or make it. Torch is imported only to train."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from traceback import clear_frames
from typing import TYPE_CHECKING

from ensemble_switchover.errors import MachineError, TrainingError
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.inherited_variables import keep_library_caches_in
from ensemble_switchover.machine.logs import about
from ensemble_switchover.machine.system_errors import machine_trouble
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.layout import RECORD_FILE, unfinished_folder
from ensemble_switchover.results.lock import Hold, take_lock
from ensemble_switchover.results.predictions import kept_epochs, kept_until, predictions_file
from ensemble_switchover.results.state import RunState, ended_state, failure_of
from ensemble_switchover.results.store import forget_unfinished
from ensemble_switchover.runner.held_run import HeldRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.runner.active_run import ActiveRun


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
    with _machine_explained(spec), ExitStack() as stack:
        held = _hold(spec, config, stack, patient=patient)
        if isinstance(held, JobOutcome):
            return held
        held.begin_in(stack)
        return _train_and_record(held, concurrent_jobs)


def run_seeds(
    runs: Sequence[tuple[RunSpec, Config]],
    beside: Sequence[RunSpec],
    *,
    together: str,
    concurrent_jobs: int,
    patient: bool = False,
) -> list[JobOutcome]:
    """Train and measure runs that differ in the seed alone together, as `run_job` does one.

    Runs that fail do not end the others.

    Args:
        runs: The runs.
        beside: Runs of other designs of their budget, which are timed in turn with them.
        together: `seeds`, or `auto` where they are trained apart if that is quicker.
        concurrent_jobs: How many jobs share the machine.
        patient: As for `run_job`.

    Returns:
        How each run ended that did not fail.

    Raises:
        Exception: what a run raised that is no failure of its training, once all have ended.
    """
    outcomes: list[JobOutcome] = []
    with _machine_explained(runs[0][0]), ExitStack() as stack:
        held: list[HeldRun] = []
        for spec, config in runs:
            one = _hold(spec, config, stack, patient=patient)
            if isinstance(one, JobOutcome):
                outcomes.append(one)
            else:
                held.append(one)
        for one in held:
            one.begin_in(stack)
        if held:
            outcomes += _train_seeds(held, beside, together, concurrent_jobs)
    return outcomes


@contextmanager
def _machine_explained(spec: RunSpec) -> Iterator[None]:
    """Turn what the machine refuses into an error that says so.

    Raises:
        MachineError: for what the machine refuses, lacks or has lost.
    """
    interruption.check()
    try:
        yield
    except Exception as error:
        trouble = machine_trouble(error, spec.study_folder)
        if trouble is None:
            raise
        raise MachineError(
            f"{trouble}; no run has failed by it, and the same command goes on"
        ) from error


def _hold(
    spec: RunSpec, config: Config, stack: ExitStack, *, patient: bool
) -> HeldRun | JobOutcome:
    """Take the lock of a run until the stack is closed, or say why it is not run."""
    ended = _ended_before(spec, config)
    if ended is not None:
        return ended
    lock = take_lock(unfinished_folder(spec.folder), patient=patient)
    if isinstance(lock, Hold):
        return JobOutcome(Ending.BUSY, f"{spec.name}: {lock}, is at it; left to that one")
    stack.enter_context(lock)
    held = HeldRun(spec, config, lock)
    stack.callback(held.clean_up)
    return _ended_before(spec, config) or held


def _missing_predictions(spec: RunSpec, config: Config) -> str:
    """Say which requested predictions a finished run did not keep."""
    asked = kept_epochs(config.record.predictions, spec.recipe, spec.evaluated_epochs)
    document = read_document(spec.folder)
    kept = kept_until(asked, document.summary.num_epochs)
    if all(predictions_file(epoch) in document.files for epoch in kept):
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


def _train_and_record(held: HeldRun, concurrent_jobs: int) -> JobOutcome:
    """Train and measure a run, and write its record, or its failure."""
    spec, config = held.spec, held.config
    keep_library_caches_in(spec.dataset.cache)  # before the libraries are imported
    from ensemble_switchover.runner.finish import summary_line
    from ensemble_switchover.runner.run import train_and_measure
    from ensemble_switchover.tracking.loggers import MetricLog
    from ensemble_switchover.training.losses import loss_fault

    with MetricLog(config.logger, spec) as log:
        try:
            record = train_and_measure(
                spec,
                config,
                concurrent_jobs=concurrent_jobs,
                log=log,
                keep=held.files.__setitem__,
            )
        except Exception as error:
            fault = loss_fault(error, spec.recipe)
            held.write_failure(fault or error)
            if fault is None:
                raise
            raise fault from error
        summary = summary_line(record)
        held.write(record, summary)
        log.keep(record)
    return JobOutcome(Ending.TRAINED, f"{summary}\n{spec.folder / RECORD_FILE}")


def _train_seeds(
    held: Sequence[HeldRun], beside: Sequence[RunSpec], together: str, concurrent_jobs: int
) -> list[JobOutcome]:
    """Train and measure runs together, and write the record of each, or its failure."""
    keep_library_caches_in(held[0].spec.dataset.cache)  # before the libraries are imported
    from ensemble_switchover.runner.active_run import ActiveRun
    from ensemble_switchover.runner.finish import summary_line
    from ensemble_switchover.runner.run_seconds import RunSeconds
    from ensemble_switchover.runner.together import SeedRuns
    from ensemble_switchover.tracking.loggers import MetricLog

    by_name = {one.spec.name: one for one in held}
    under_way = set(by_name)
    logs: dict[str, ExitStack] = {}
    outcomes: list[JobOutcome] = []
    errors: list[Exception] = []

    def on_record(run: ActiveRun, record: Record) -> None:
        summary = summary_line(record)
        by_name[run.spec.name].write(record, summary)
        under_way.discard(run.spec.name)
        run.log.keep(record)
        logs[run.spec.name].close()  # with it, its run of W&B ends
        path = run.spec.folder / RECORD_FILE
        outcomes.append(JobOutcome(Ending.TRAINED, f"{summary}\n{path}"))

    def on_failure(run: ActiveRun, error: Exception) -> None:
        by_name[run.spec.name].write_failure(error)
        under_way.discard(run.spec.name)
        logs[run.spec.name].close()
        if not isinstance(error, TrainingError):
            clear_frames(error.__traceback__)  # which hold the networks, while the others go on
            errors.append(error)

    with ExitStack() as stack:
        runs = []
        for one in held:
            own = logs[one.spec.name] = stack.enter_context(ExitStack())
            log = own.enter_context(MetricLog(one.config.logger, one.spec))
            runs.append(
                ActiveRun(
                    one.spec,
                    one.config,
                    log=log,
                    keep=one.files.__setitem__,
                    seconds=RunSeconds({}),  # the wait before them is that of all of them
                )
            )
        try:
            SeedRuns(
                runs,
                together=together,
                concurrent_jobs=concurrent_jobs,
                on_record=on_record,
                on_failure=on_failure,
            ).train_and_measure(beside)
        except Exception as error:
            for name in under_way:
                with about(name):
                    by_name[name].write_failure(error)
            raise
    if errors:
        raise errors[0]
    return outcomes
