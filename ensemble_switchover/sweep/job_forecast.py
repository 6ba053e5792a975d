"""What the jobs of a sweep are predicted to take, each of one run or of seeds together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.machine.hardware import assignable_gpus
from ensemble_switchover.planning.basis import find_machine, this_device
from ensemble_switchover.planning.job_cost import predict_job
from ensemble_switchover.planning.seed_groups import as_group, sizes_together
from ensemble_switchover.sweep.jobs_per_device import as_joblib_counts
from ensemble_switchover.sweep.seed_jobs import NONE, group_seeds, trains_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.planning.calibration import Calibration
    from ensemble_switchover.planning.forecast import Forecast
    from ensemble_switchover.planning.job_cost import JobCost


def num_jobs_of(launcher_jobs: int, specs: Sequence[RunSpec]) -> int:
    """Return how many jobs a launcher has at a time on this machine.

    Args:
        launcher_jobs: As the launcher states it; -1: one a processor, or one a GPU.
        specs: The runs.
    """
    if launcher_jobs > 0:
        return launcher_jobs
    on_gpus = {this_device(spec)[0] for spec in specs[:1]} == {"cuda"}
    return max(1, len(assignable_gpus())) if on_gpus else as_joblib_counts(launcher_jobs)


def job_groups(specs: Sequence[RunSpec], together: str, num_jobs: int) -> list[list[RunSpec]]:
    """Return the runs of each job, as the sweep launches them."""
    no_overrides: dict[str, list[str]] = {spec.name: [] for spec in specs}
    return [job.specs for job in group_seeds(specs, no_overrides, together, num_jobs)]


def forecast_jobs(
    forecasts: Sequence[Forecast],
    together: str,
    num_jobs: int,
    calibrations: Sequence[Calibration],
    machine_name: str | None = None,
) -> list[JobCost]:
    """Predict the jobs of the runs that are to do.

    Args:
        forecasts: The forecasts of the runs.
        together: `sweep.together`.
        num_jobs: Jobs at a time on this machine.
        calibrations: The calibrations of `forecast`.
        machine_name: The name of the machine, as of `forecast`.
    """
    by_name = {entry.spec.name: entry for entry in forecasts if entry.to_do}
    groups = job_groups([entry.spec for entry in by_name.values()], together, num_jobs)
    return [
        predict_job(
            [by_name[spec.name] for spec in group],
            NONE if trains_apart(group[0]) else together,
            num_jobs,
            calibrations,
            machine_name,
        )
        for group in groups
    ]


def groups_to_time(specs: Sequence[RunSpec], together: str, num_jobs: int) -> list[RunSpec]:
    """Return the groups of seeds that a calibration should time beside the runs, as runs."""
    if together == NONE:
        return []
    groups: dict[tuple[str, int], RunSpec] = {}
    for group in job_groups(specs, together, num_jobs):
        spec = group[0]
        machine = find_machine(spec, requested_plan(spec), [], None)
        device = machine.conditions.device
        sizes = sizes_together(spec, len(group), device, machine.memory_bytes, num_jobs)
        size = max(sizes)
        if size > 1:
            groups[spec.replicate_fingerprint, size] = as_group(spec, size)
    return list(groups.values())
