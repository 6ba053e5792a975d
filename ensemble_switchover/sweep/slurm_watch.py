"""Waits for jobs of Slurm, and sees which ended without an answer, without Slurm's accounting."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ensemble_switchover.sweep.slurm_answers import ask, job_statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ensemble_switchover.sweep.slurm_answers import JobStatus

RESULT_POLL_SECONDS = 1.0
"""Between two looks for the answer of the first job that has none."""
QUEUE_POLL_SECONDS = 10.0
"""Between two questions to Slurm's queue."""
QUEUE_POLL_SECONDS_PER_JOB = 0.02
"""The same for every job that is asked about."""
GRACE_SECONDS = 20.0
"""After a job has ended, its answer may take so long to be seen on a shared file system."""
SILENT_SECONDS = 180.0
"""A job that Slurm takes for running is dead once its heartbeat has stopped for so long."""
LONGEST_START_SECONDS = 600.0
"""The same where no heartbeat was seen: the lock may be that of a process before this one."""
SILENT = "RUNNING, without a heartbeat"
"""The state of such a job."""
FORGOTTEN = "gone from the queue"
"""The state of a job that Slurm has forgotten."""


@dataclass(frozen=True, slots=True)
class _Beat:
    """The heartbeat of a job that runs."""

    last: object
    since: float
    """When it was first as it is."""
    seen: bool = False
    """Whether it has changed since the job runs, so that it is that of its own process."""


@dataclass(slots=True)
class JobWatch:
    """Jobs that are waited for, as submitit has them."""

    waiting: dict[str, Any]
    """Those without an answer, by their number."""
    heartbeat: Callable[[str], object] = lambda _: None
    """Returns what changes as long as a job's process works; None for one that has not begun."""
    lost: dict[str, str] = field(default_factory=dict)
    """Those that ended without one -> their last state."""
    _ended: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Those that have ended, for all that Slurm says -> since when, and their state."""
    _beats: dict[str, _Beat] = field(default_factory=dict)
    """Those that run -> their last heartbeat."""
    _told: set[str] = field(default_factory=set)
    """Reasons to wait that were told."""

    def take_answers(self) -> None:
        """Wait no more for the first ones, as long as they have answered."""
        while self.waiting and has_answered(next(iter(self.waiting.values()))):
            del self.waiting[next(iter(self.waiting))]

    def look(self, statuses: Mapping[str, JobStatus], now: float) -> None:
        """Take in how jobs stand in Slurm's queue.

        Args:
            statuses: Job -> status; jobs that Slurm has forgotten are not among them.
            now: Seconds of a monotonic clock.
        """
        for number in list(self.waiting):
            status = statuses.get(number)
            if status is None or status.ended:
                self._take_end(number, FORGOTTEN if status is None else status.state, now)
                continue
            self._ended.pop(number, None)  # it is in the queue again
            self._listen(number, status.state, now)
            if status.stuck and status.reason not in self._told:
                self._told.add(status.reason)
                print(
                    f"Slurm does not start job {number} by itself ({status.reason}); "
                    f"`scontrol show job {number}` says more",
                    file=sys.stderr,
                )

    def _listen(self, number: str, state: str, now: float) -> None:
        """Give a job up that runs, for all that Slurm knows, and whose process is gone."""
        beat = self.heartbeat(number) if state == "RUNNING" else None
        if beat is None:
            self._beats.pop(number, None)
            return
        known = self._beats.setdefault(number, _Beat(beat, now))
        if beat != known.last:
            self._beats[number] = _Beat(beat, now, seen=True)
        elif now - known.since >= (SILENT_SECONDS if known.seen else LONGEST_START_SECONDS):
            ask("scancel", number)  # it would keep its place until its time is over
            del self.waiting[number]
            self.lost[number] = SILENT

    def _take_end(self, number: str, state: str, now: float) -> None:
        since, known = self._ended.get(number, (now, state))
        state = known if state == FORGOTTEN else state
        self._ended[number] = (since, state)
        answered = has_answered(self.waiting[number])
        if answered or now - since >= GRACE_SECONDS:
            del self.waiting[number]
        if not answered and now - since >= GRACE_SECONDS:
            self.lost[number] = state


def wait_for_jobs(
    jobs: Sequence[Any], heartbeat: Callable[[str], object] = lambda _: None
) -> dict[str, str]:
    """Wait until every job has answered, or is known to have ended without an answer.

    Args:
        jobs: As submitit has them.
        heartbeat: Returns what changes as long as a job's process works.

    Returns:
        The jobs that ended without one -> their last state.
    """
    watch = JobWatch({job.job_id: job for job in jobs}, heartbeat)
    asked = time.monotonic()
    while True:
        watch.take_answers()
        if not watch.waiting:
            return watch.lost
        time.sleep(RESULT_POLL_SECONDS)
        now = time.monotonic()
        if now - asked >= QUEUE_POLL_SECONDS + len(watch.waiting) * QUEUE_POLL_SECONDS_PER_JOB:
            statuses = job_statuses(watch.waiting)
            asked = time.monotonic()
            if statuses is not None:
                watch.look(statuses, asked)


def has_answered(job: Any) -> bool:
    """Return whether all tasks of a job have written what they answer."""
    tasks = [job.task(number) for number in range(job.num_tasks)]
    return all(task.paths.result_pickle.exists() for task in tasks)


def describe_lost(lost: Mapping[str, str]) -> str:
    """Describe jobs that ended without an answer; one that somebody cancelled comes first.

    >>> describe_lost({"7_0": "NODE_FAIL", "7_1": "CANCELLED"})
    'job 7_1 of Slurm ended without an answer (state: CANCELLED), and 1 more'
    """
    number = next((job for job, state in lost.items() if state == "CANCELLED"), next(iter(lost)))
    others = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
    return f"job {number} of Slurm ended without an answer (state: {lost[number]}){others}"
