"""What a plan says of the jobs of a sweep: how many seeds each trains together, and how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.machine.terminal import (
    ABSENT,
    count,
    duration,
    mebibytes,
    rough_duration,
)
from ensemble_switchover.machine.units import MEBIBYTE
from ensemble_switchover.planning.data_sheet import DataSheet
from ensemble_switchover.planning.job_cost import sum_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.planning.job_cost import JobCost


def jobs_by_design(jobs: Sequence[JobCost]) -> dict[str, list[JobCost]]:
    """Group jobs by what their runs share with all seeds of their design."""
    found: dict[str, list[JobCost]] = {}
    for job in jobs:
        found.setdefault(job.runs[0].spec.replicate_fingerprint, []).append(job)
    return found


def group_text(jobs: Sequence[JobCost]) -> str:
    """Say how many seeds of a design are trained together, and how long all of them take."""
    if not jobs:
        return ABSENT
    sizes = [size for job in jobs for size in job.sizes]
    if max(sizes) == 1:
        return "apart"
    seconds = sum_known(job.training_and_evaluation for job in jobs)
    seeds = "+".join(map(str, sizes))
    if seconds is None:
        return seeds
    mark = "~" if any(job.extrapolated for job in jobs) else ""
    if isinstance(jobs[0].runs[0].machine.basis, DataSheet):
        mark = ">"
    return f"{seeds} in {mark}{rough_duration(seconds)}"


def group_memory(jobs: Sequence[JobCost]) -> str:
    """Return the memory of the largest group of a design, in MiB."""
    together = [job.memory_bytes for job in jobs if job.num_together > 1]
    return f"{max(together) / MEBIBYTE:,.0f}" if together else ABSENT


def to_do_line(jobs: Sequence[JobCost], concurrent_jobs: int | None) -> str | None:
    """Say how long everything takes that is to do; None where that is unknown, or nothing is."""
    training = sum_known(job.training_seconds for job in jobs)
    evaluation = sum_known(job.evaluation_seconds for job in jobs)
    timing = sum_known(job.timing_seconds for job in jobs)
    measuring = sum_known(job.measuring_seconds for job in jobs) or 0.0
    if not jobs or training is None or evaluation is None or timing is None:
        return None
    bases = [run.machine.basis for job in jobs for run in job.runs]
    word = "at least" if any(isinstance(basis, DataSheet) for basis in bases) else "about"
    what = "run" if all(len(job.runs) == 1 for job in jobs) else "job"
    parts = [f"training {duration(training)}", f"evaluation {duration(evaluation)}"]
    parts += [f"timing pass {duration(timing)}"] if timing else []
    parts += [f"measuring {duration(measuring)}"] if measuring else []
    whole = duration(training + evaluation + timing + measuring)
    line = f"To do, one {what} after another: {word} {whole}, {', '.join(parts)}"
    if concurrent_jobs not in (None, 1):
        at_a_time = (
            concurrent_jobs if concurrent_jobs and concurrent_jobs > 0 else "as many as processors"
        )
        line += f"; the launcher runs {at_a_time} at a time"
    return line


def together_lines(jobs: Sequence[JobCost]) -> list[str]:
    """Say of how many designs seeds are trained together, and what that saves."""
    together = [job for job in jobs if job.num_together > 1]
    if not together:
        return []
    designs = jobs_by_design(jobs)
    line = f"Seeds together: of {len(jobs_by_design(together))} of {count(len(designs), 'design')}"
    if any(job.unknown_together for job in together):
        return [f"{line}; not timed, so counted like seeds apart; --calibrate times some"]
    quick = sum_known(job.training_and_evaluation for job in together)
    slow = sum_known(
        seconds
        for job in together
        for run in job.runs
        for seconds in (run.cost.training_seconds, run.cost.evaluation_seconds)
    )
    if quick and slow:
        line += f", {slow / quick:.1f} times as fast as apart"
    most = max(job.memory_bytes for job in together)
    return [f"{line}; the largest group takes {mebibytes(most)}"]
