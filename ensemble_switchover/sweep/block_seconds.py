"""How long the runs of a block take: those of a design are one job, whose seeds may share steps."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.planning.calibration import CALIBRATION_SECONDS, calibrations_of
from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.job_cost import predict_job
from ensemble_switchover.sweep.job_forecast import groups_to_time, job_groups
from ensemble_switchover.sweep.jobs_per_device import group_by_jobs_per_device
from ensemble_switchover.sweep.next_runs import first_block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omegaconf import DictConfig

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.planning.calibration import Calibration
    from ensemble_switchover.planning.forecast import Forecast
    from ensemble_switchover.planning.job_cost import JobCost
    from ensemble_switchover.sweep.next_runs import FinishedRuns


@dataclass(frozen=True, slots=True)
class JobSeconds:
    """The seconds of one job."""

    epochs: float
    """Training and evaluation, which grow with the number of epochs."""
    fixed: float = 0.0
    """Timing passes and measurements, which do not."""

    @property
    def whole(self) -> float:
        """All of them."""
        return self.epochs + self.fixed

    def at(self, share: float) -> float:
        """Return the seconds with a share of the epochs."""
        return share * self.epochs + self.fixed


def jobs_of_block(
    specs: Sequence[RunSpec], together: str, config: DictConfig
) -> list[tuple[list[RunSpec], int]]:
    """Return the runs of each job of a block, and how many such jobs there are at a time here."""
    return [
        (runs, batch.num_jobs or 1)
        for batch in group_by_jobs_per_device(specs, config)
        for runs in job_groups(batch.specs, together, batch.num_jobs or 1)
    ]


def measured_seconds(
    specs: Sequence[RunSpec], finished: FinishedRuns, together: str, config: DictConfig
) -> list[float]:
    """Return the seconds of each job of a block, by what finished runs took.

    Args:
        specs: The runs of the block.
        finished: What is known of the finished runs of the study.
        together: `sweep.together`, as it was decided for the sweep.
        config: The configuration of the sweep.
    """
    found = []
    for runs, _ in jobs_of_block(specs, together, config):
        known = finished.of_seed.get(runs[0].name)
        shares = sum(finished.seconds[spec.name] for spec in runs)
        found.append(shares if known is None else known.of_seeds(len(runs)))
    return found


def predicted_seconds(
    specs: Sequence[RunSpec], max_seconds: float, together: str, config: DictConfig
) -> Callable[[Sequence[RunSpec]], list[JobSeconds]]:
    """Return what predicts the jobs of a block of these runs; unknown designs are timed first.

    Args:
        specs: The runs.
        max_seconds: Seconds that the timing may take.
        together: `sweep.together`, as it was decided for the sweep.
        config: The configuration of the sweep.
    """
    fresh: list[Calibration] = []
    runs, calibrations = _forecasts(specs, fresh)
    first = first_block(specs).specs
    jobs = _predicted_jobs(first, runs, calibrations, together, config)
    is_unknown = any(entry.cost.training_seconds is None for entry in runs.values())
    if is_unknown or any(job.unknown_together for job in jobs):
        from ensemble_switchover.runner.calibrate import calibrate

        num_jobs = max(at_a_time for _, at_a_time in jobs_of_block(first, together, config))
        groups = groups_to_time(first, together, num_jobs)
        with shown_on(sys.stdout):
            fresh = calibrate([*specs, *groups], min(CALIBRATION_SECONDS, max_seconds))
        runs, calibrations = _forecasts(specs, fresh)

    def predict(block: Sequence[RunSpec]) -> list[JobSeconds]:
        return [
            JobSeconds(
                job.training_and_evaluation or 0.0,
                (job.timing_seconds or 0.0) + (job.measuring_seconds or 0.0),
            )
            for job in _predicted_jobs(block, runs, calibrations, together, config)
        ]

    return predict


def _forecasts(
    specs: Sequence[RunSpec], fresh: Sequence[Calibration]
) -> tuple[dict[str, Forecast], list[Calibration]]:
    calibrations, _ = calibrations_of(specs, fresh)
    return {run.spec.name: run for run in forecast(specs, calibrations, None)}, calibrations


def _predicted_jobs(
    specs: Sequence[RunSpec],
    runs: Mapping[str, Forecast],
    calibrations: Sequence[Calibration],
    together: str,
    config: DictConfig,
) -> list[JobCost]:
    return [
        predict_job([runs[spec.name] for spec in job], together, num_jobs, calibrations, None)
        for job, num_jobs in jobs_of_block(specs, together, config)
    ]
