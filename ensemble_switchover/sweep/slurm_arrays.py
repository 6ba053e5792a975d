"""Runs as arrays of jobs of Slurm: as large as the cluster takes, and none is waited for in vain.

Hydra's launcher submits all runs as one array, and learns from Slurm's accounting alone that a job
is dead. Here they are submitted in parts, each an array whose indices begin at 0. Where Slurm takes
no more jobs, the rest is submitted as others end.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.singleton import Singleton
from hydra.plugins.launcher import Launcher

from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.layout import unfinished_folder
from ensemble_switchover.results.lock import last_heartbeat
from ensemble_switchover.sweep.slurm_answers import (
    ask,
    is_unreachable,
    jobs_of_files,
    max_array_size,
    takes_no_more,
    why_refused,
)
from ensemble_switchover.sweep.slurm_watch import describe_lost, wait_for_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hydra.core.utils import JobReturn
    from omegaconf import DictConfig

SLURM = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher"
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 60.0
"""Between two tries to submit; every wait is twice as long as the one before it."""
UNREACHABLE_SECONDS = 1800.0
"""How long Slurm is tried that does not answer."""


class SubmissionError(RuntimeError):
    """Slurm refused jobs, or lost them."""


@dataclass(slots=True)
class _Lane:
    """Arrays that run one after another, so that no more jobs run at a time than asked for."""

    width: int
    """Jobs at a time."""
    last: str
    """The last array's number."""
    length: int = 1


@dataclass(slots=True)
class _Queue:
    """The jobs of a sweep: those that were submitted, in order of the runs, and who waits."""

    executor: Any
    at_a_time: int
    total: int
    lanes: list[_Lane] = field(default_factory=list)
    jobs: list[Any] = field(default_factory=list)


class SlurmArrays(Launcher):
    """Hydra's launcher of Slurm, whose arrays have the size that the cluster takes."""

    def __init__(
        self, launcher: Any, heartbeat: Callable[[Sequence[str]], object] = lambda _: None
    ) -> None:
        """Take Hydra's launcher, whose parameters the jobs have.

        Args:
            launcher: Hydra's launcher.
            heartbeat: Returns what changes as long as a process works on the run of some overrides.
        """
        self._launcher = launcher
        self._heartbeat = heartbeat

    def setup(self, **_: Any) -> None:
        """Do nothing: Hydra's launcher was set up before."""

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Submit runs, and wait until each has ended.

        Args:
            job_overrides: The overrides of each run.
            initial_job_idx: The number of the first.

        Raises:
            SubmissionError: if Slurm refused jobs, or jobs ended without an answer.
        """
        calls = [
            (list(overrides), "hydra.sweep.dir", number, f"job_id_for_{number}",
             Singleton.get_state())
            for number, overrides in enumerate(job_overrides, initial_job_idx)
        ]  # fmt: skip
        _make_folder(self._launcher.config)
        executor, at_a_time = _make_executor(self._launcher.params)
        queue = _Queue(executor, at_a_time, len(calls))
        refused: SubmissionError | None = None
        try:
            _submit_all(queue, self._launcher, calls)
        except SubmissionError as error:
            refused = error  # once those that were submitted have ended
        runs = {job.job_id: call[0] for job, call in zip(queue.jobs, calls, strict=False)}
        lost = wait_for_jobs(queue.jobs, lambda number: self._heartbeat(runs[number]))
        if lost:
            raise SubmissionError(describe_lost(lost))
        if refused is not None:
            raise refused
        return [job.results()[0] for job in queue.jobs]


def with_arrays(
    launcher: Launcher, config: DictConfig, folders: Mapping[tuple[str, ...], Path]
) -> Launcher:
    """Return a launcher that submits arrays, if it is that of Slurm; any other as it is.

    Args:
        launcher: Hydra's launcher.
        config: The configuration of the sweep, with Hydra's own.
        folders: Overrides of a run -> its folder.
    """
    if config.hydra.launcher.get("_target_") != SLURM:
        return launcher
    return SlurmArrays(
        launcher, lambda overrides: last_heartbeat(unfinished_folder(folders[tuple(overrides)]))
    )


def _make_folder(config: DictConfig) -> None:
    """Make the folder of the sweep, with the mode that `hydra.sweep.mode` may state."""
    folder, mode = Path(str(config.hydra.sweep.dir)), config.hydra.sweep.get("mode")
    folder.mkdir(parents=True, exist_ok=True)
    if mode is not None:
        folder.chmod(int(str(mode), 8))


def _make_executor(params: dict[str, Any]) -> tuple[Any, int]:
    """Make submitit's executor as Hydra's launcher does, and tell how many jobs run at a time."""
    import submitit
    from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf

    own = {"submitit_folder", "max_num_timeout"}
    executor = submitit.AutoExecutor(
        folder=params["submitit_folder"],
        cluster="slurm",
        slurm_max_num_timeout=params["max_num_timeout"],
    )
    general = set(BaseQueueConf.__dataclass_fields__)
    executor.update_parameters(
        **{
            name if name in general else f"slurm_{name}": value
            for name, value in params.items()
            if name not in own
        }
    )
    return executor, int(params["array_parallelism"])


def _submit_all(queue: _Queue, function: Any, calls: Sequence[tuple[Any, ...]]) -> None:
    """Submit calls of a function, in parts as large as Slurm takes.

    Raises:
        SubmissionError: if Slurm refuses a job for good; those before it were submitted.
    """
    left = deque(calls)
    num_parts = -(-len(left) // (max_array_size() or len(left)))
    size = largest = -(-len(left) // num_parts)  # parts that are about equal end together
    wait, waited, told = FIRST_WAIT_SECONDS, 0.0, False
    while left:
        part = [left[number] for number in range(min(size, len(left)))]
        text = _submit(queue, function, part)
        if text is None:
            for _ in part:
                left.popleft()
            wait, waited = FIRST_WAIT_SECONDS, 0.0
            continue
        alone = len(part) == 1 and not queue.jobs
        if takes_no_more(text, by_itself=alone):
            if len(part) > 1:
                size = len(part) // 2
                continue
            if not told:
                print(
                    f"Slurm takes no more jobs at present; {count(len(left), 'run')} of "
                    f"{len(calls)} are submitted as others end ({why_refused(text)})",
                    file=sys.stderr,
                )
                told = True
            size = min(2 * size, largest)  # there is room for more than one by then
        elif not is_unreachable(text) or waited > UNREACHABLE_SECONDS:
            raise SubmissionError(why_refused(text))
        else:
            waited += wait
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def _submit(queue: _Queue, function: Any, part: Sequence[tuple[Any, ...]]) -> str | None:
    """Submit some calls as one array, or as one job; tell what Slurm says if it takes none."""
    from submitit.core.utils import FailedJobError, FailedSubmissionError, JobPaths

    lane = _lane_of(queue, len(part))
    dependency = lane.last and f"afterany:{lane.last}"
    queue.executor.update_parameters(
        slurm_array_parallelism=lane.width, slurm_dependency=dependency or None
    )
    folder = JobPaths.get_first_id_independent_folder(queue.executor.folder)
    folder.mkdir(parents=True, exist_ok=True)
    before = {path.name for path in folder.iterdir()}
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # it is told in a sentence
            jobs = queue.executor.map_array(function, *zip(*part, strict=True))
    except (FailedJobError, FailedSubmissionError) as error:
        _forget(folder, before)
        return str(error)
    queue.jobs += jobs
    lane.last = jobs[0].job_id.partition("_")[0]
    if lane not in queue.lanes:
        queue.lanes.append(lane)
    lane.length += 1
    return None


def _lane_of(queue: _Queue, size: int) -> _Lane:
    """Choose beside or behind which arrays another one runs, so that not too many jobs run."""
    free = queue.at_a_time - sum(lane.width for lane in queue.lanes)
    if free < 1:
        return min(queue.lanes, key=lambda lane: lane.length)
    share = -(-queue.at_a_time * size // queue.total)
    return _Lane(max(1, min(size, share, free)), "", 0)


def _forget(folder: Path, before: set[str]) -> None:
    """Remove what was written for jobs that Slurm did not take, and those of which it only said so.

    If an answer is lost on its way, the jobs are in the queue nevertheless.
    """
    left = [path for path in folder.iterdir() if path.name not in before and path.is_file()]
    for job in jobs_of_files(str(path) for path in left):
        ask("scancel", job)
    for path in left:
        path.unlink(missing_ok=True)
