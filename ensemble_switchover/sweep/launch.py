"""Hands runs to a launcher of Hydra until each has ended, or is given up."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from hydra.core.utils import JobStatus

from ensemble_switchover.errors import first_line
from ensemble_switchover.machine.system_errors import machine_trouble
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.layout import unfinished_folder
from ensemble_switchover.results.lock import LOCK_SUFFIX, holder_of
from ensemble_switchover.results.state import num_epochs_kept
from ensemble_switchover.sweep.progress import PROGRESS_POLL_SECONDS, names_in
from ensemble_switchover.sweep.seed_jobs import job_of_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.sweep.progress import SweepProgress
    from ensemble_switchover.sweep.seed_jobs import SeedJob

NOT_RUN = "not run: "
"""How the answer begins of a job that could not begin and left no failure behind."""
BUSY = "busy"
"""The answer of a job whose run another process works on."""
CANCELLED = "CANCELLED"
"""What submitit says of a job that somebody cancelled."""


def dispatch(jobs: Sequence[SeedJob], progress: SweepProgress, launcher: Launcher) -> None:
    """Launch jobs, and launch again what a launcher left when it broke down.

    A process that is killed takes others with it: joblib ends all workers, and submitit reports
    the first job that is gone. So what did not end is launched again: first the jobs that no killed
    process worked on, then each run of the others alone, so that the one at fault costs no other. A
    run that is killed twice is given up. Jobs that are still queued somewhere are then there twice,
    which the locks of the runs make harmless.

    Args:
        jobs: The jobs.
        progress: Knows which runs are still pending.
        launcher: Hydra's launcher.
    """
    specs = [spec for job in jobs for spec in job.specs]
    batch = list(jobs)
    before = {spec.name: _locks_on(spec) for spec in specs}
    suspects: dict[str, SeedJob] = {}
    epochs = _epochs_of(specs)
    while batch:
        broken = _launch(batch, progress, launcher)
        if broken is None:
            break
        if _is_cancelled(broken):
            return
        left = {spec.name for spec in _wait_for_running(specs, progress)}
        came = _epochs_of(specs)
        killed = {spec.name for spec in specs if _was_killed(spec, before[spec.name])} & left
        unfinished = [job for job in batch if any(spec.name in left for spec in job.specs)]
        rest = [job for job in unfinished if not any(spec.name in killed for spec in job.specs)]
        for job in unfinished:
            if job not in rest:
                suspects |= {s.name: job_of_one(s, job) for s in job.specs if s.name in left}
        if len(rest) == len(batch) and came == epochs:
            _give_up(rest, progress, _not_launched(broken))
            break
        batch, epochs = rest, came
    for name, job in suspects.items():
        if name in progress.pending and not _launch_alone(job, progress, launcher):
            return


def _launch_alone(job: SeedJob, progress: SweepProgress, launcher: Launcher) -> bool:
    """Launch a run again that a killed process worked on; False if somebody cancels it."""
    (spec,) = job.specs
    before = _locks_on(spec)
    broken = _launch([job], progress, launcher)
    if broken is None:
        return True
    if _is_cancelled(broken):
        return False
    if _wait_for_running([spec], progress):
        killed = _was_killed(spec, before)
        progress.give_up(spec, _describe_kill(spec) if killed else _not_launched(broken))
    return True


def _is_cancelled(broken: str) -> bool:
    """Report whether somebody cancelled a job, and print what that means."""
    if CANCELLED not in broken:
        return False
    print(f"{broken}; what is left is not launched again", file=sys.stderr)
    return True


def _not_launched(broken: str) -> str:
    return f"could not be launched: {broken}"


def _launch(jobs: Sequence[SeedJob], progress: SweepProgress, launcher: Launcher) -> str | None:
    """Launch some jobs and wait for them.

    Returns:
        What the launcher said when it broke down before all had ended; None if it did not.
    """
    try:
        returns = launcher.launch([job.overrides for job in jobs], initial_job_idx=0)
    except Exception as error:  # noqa: BLE001 - of any launcher; the other runs shall go on
        return machine_trouble(error) or f"{type(error).__name__}: {first_line(error)}"
    progress.update()
    answers = [_answer(entry) for entry in returns]
    for job, answer in zip(jobs, answers, strict=True):
        if answer.startswith(NOT_RUN):
            _give_up([job], progress, answer)
    waiting = {spec.name for spec in progress.waiting()}
    again = [
        job
        for job, answer in zip(jobs, answers, strict=True)
        if answer == BUSY and any(spec.name in waiting for spec in job.specs)
    ]
    return _launch(again, progress, launcher) if again else None


def _give_up(jobs: Sequence[SeedJob], progress: SweepProgress, reason: str) -> None:
    """Count those runs of jobs as failed that have not ended."""
    for job in jobs:
        for spec in job.specs:
            if spec.name in progress.pending:
                progress.give_up(spec, reason)


def _answer(returned: JobReturn) -> str:
    if returned.status is JobStatus.COMPLETED:
        return str(returned.return_value)
    return NOT_RUN + first_line(returned._return_value)


def _wait_for_running(specs: Sequence[RunSpec], progress: SweepProgress) -> list[RunSpec]:
    """Wait until no process works on any of some runs, and return those that have not ended."""
    names = {spec.name for spec in specs}
    while True:
        progress.update()
        waiting = [spec for spec in progress.waiting() if spec.name in names]
        if len(waiting) == len(names & set(progress.pending)):
            return waiting
        time.sleep(PROGRESS_POLL_SECONDS)


def _epochs_of(specs: Sequence[RunSpec]) -> int:
    """Return how many epochs runs have trained, of which there is more if any came further."""
    return sum(num_epochs_kept(spec.folder) for spec in specs)


def _locks_on(spec: RunSpec) -> set[str]:
    """Name the locks on a run: its process's, and those of processes that were killed."""
    names = names_in(unfinished_folder(spec.folder))
    return {name for name in names if name.endswith(LOCK_SUFFIX)}


def _was_killed(spec: RunSpec, before: set[str]) -> bool:
    """Return whether a process that took a run ended without releasing its lock.

    Args:
        spec: The run.
        before: The locks on it before.
    """
    return not _locks_on(spec) <= before and holder_of(unfinished_folder(spec.folder)) is None


def _describe_kill(spec: RunSpec) -> str:
    """Say how far a run came whose process was killed."""
    epochs = num_epochs_kept(spec.folder)
    return (
        f"its process was killed, twice; after {count(epochs, 'epoch')} of "
        f"{spec.recipe.epochs}, where the same command goes on"
    )
