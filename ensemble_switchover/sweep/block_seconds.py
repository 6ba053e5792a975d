"""How long the runs of a block take: those of a design are one job, whose seeds may share steps."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.machine.caches import cache_root, optional_cache
from ensemble_switchover.machine.command_time import seconds_before_mark
from ensemble_switchover.machine.hardware import num_processors, threads_of_environment
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.planning.basis import this_device
from ensemble_switchover.planning.calibration import CALIBRATION_SECONDS, calibrations_of
from ensemble_switchover.planning.cost import relative_training_cost
from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.job_cost import predict_job
from ensemble_switchover.planning.overheads import (
    Overheads,
    decoding_seconds,
    job_overhead,
    read_overheads,
    write_overheads,
)
from ensemble_switchover.sweep.job_forecast import groups_to_time, job_groups
from ensemble_switchover.sweep.jobs_per_device import group_by_jobs_per_device, jobs_at_a_time
from ensemble_switchover.sweep.launchers import jobs_of_cluster
from ensemble_switchover.sweep.next_runs import first_block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omegaconf import DictConfig

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.planning.calibration import Calibration
    from ensemble_switchover.planning.job_cost import JobCost
    from ensemble_switchover.sweep.next_runs import FinishedRuns


@dataclass(frozen=True, slots=True)
class Workplace:
    """How the runs of a block become jobs, and how many of these there are at a time."""

    together: str
    """`sweep.together`, as it was decided for the sweep."""
    jobs_of: Callable[[Sequence[RunSpec]], list[tuple[list[RunSpec], int]]]
    """Gives the runs of each job, and how many such jobs there are at a time on this machine."""
    at_a_time: Callable[[Sequence[RunSpec]], float]
    """Gives how many jobs there are at a time, on average."""
    starts_processes: bool
    """Whether jobs are in other processes than this one, which start one beside the other."""
    starts_each: bool = False
    """Whether each job is a process of its own."""


def workplace_of_sweep(config: DictConfig, together: str) -> Workplace:
    """Return where a sweep's jobs are, by its configuration with Hydra's own."""

    def at_a_time(specs: Sequence[RunSpec]) -> float:
        batches = group_by_jobs_per_device(specs, config)
        if all(batch.num_jobs is not None for batch in batches):
            return jobs_at_a_time(batches)
        return jobs_at_a_time(batches, jobs_of_cluster(config))

    launcher = str(config.hydra.launcher.get("_target_", ""))
    return Workplace(
        together,
        lambda specs: jobs_of_block(specs, together, config),
        at_a_time,
        starts_processes=not launcher.endswith("BasicLauncher"),
        starts_each=launcher.endswith("SlurmLauncher"),
    )


def workplace_here(num_jobs: int, together: str) -> Workplace:
    """Return where so many jobs at a time are, on this machine."""
    return Workplace(
        together,
        lambda specs: [(runs, num_jobs) for runs in job_groups(specs, together, num_jobs)],
        lambda _: float(num_jobs),
        starts_processes=num_jobs > 1,
    )


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


@dataclass(frozen=True, slots=True)
class BlockPredictor:
    """Predicts what blocks of runs take, with everything that their jobs do.

    It is cheap, so that many variants of a study can be compared: other epochs, budgets, sizes of
    images. What was timed is on this device, under the same conditions.
    """

    workplace: Workplace
    calibrations: Sequence[Calibration]
    overheads: Overheads
    is_started: bool
    """Whether this process has imported already what its own jobs import."""

    def jobs(self, block: Sequence[RunSpec]) -> list[float]:
        """Predict the seconds of every job of a block; runs that share a training are one."""
        specs = list({spec.training_fingerprint: spec for spec in reversed(block)}.values())[::-1]
        costs = job_costs(specs, self.workplace, self.calibrations)
        return [self._job(cost) for cost in costs]

    def seconds(self, block: Sequence[RunSpec], *, decoded: bool = True) -> float:
        """Predict the seconds of a whole block, from its launch to its last record.

        Args:
            block: The runs.
            decoded: Whether the images are in the cache already.
        """
        if not block:
            return 0.0
        decoding = 0.0 if decoded else decoding_seconds(self.overheads, block[0])
        return (
            self.start_seconds
            + decoding
            + time_of(self.jobs(block), self.workplace.at_a_time(block))
        )

    @property
    def start_seconds(self) -> float:
        """Seconds until the jobs' processes have started; side by side, they start at a time."""
        started = self.is_started and not self.workplace.starts_processes
        return 0.0 if started else self.overheads.start_seconds

    def _job(self, cost: JobCost) -> float:
        of_epochs, fixed = job_overhead(self.overheads, [run.spec for run in cost.runs])
        if self.workplace.starts_each:
            fixed += self.overheads.start_seconds
        return of_epochs + fixed + (cost.seconds or 0.0)


def time_of(seconds: Sequence[float], jobs: float) -> float:
    """Estimate the time from the seconds of each job, with so many at a time; no job is split.

    >>> time_of([10.0, 10.0, 40.0], 2), time_of([10.0] * 4, 2), time_of([], 2)
    (40.0, 20.0, 0.0)
    """
    return max(sum(seconds) / jobs, max(seconds, default=0.0))


def known_predictor(specs: Sequence[RunSpec], workplace: Workplace) -> BlockPredictor | None:
    """Return what predicts blocks of these runs, by what was timed before; None without that."""
    calibrations, _ = calibrations_of(specs)
    overheads = read_overheads(specs[0])
    costs = job_costs(first_block(specs).specs, workplace, calibrations)
    if overheads is None or any(cost.training_and_evaluation is None for cost in costs):
        return None
    return BlockPredictor(workplace, calibrations, overheads, "torch" in sys.modules)


def block_predictor(
    specs: Sequence[RunSpec],
    configs: Mapping[str, Config],
    workplace: Workplace,
    max_seconds: float = CALIBRATION_SECONDS,
    *,
    again: bool = False,
) -> BlockPredictor:
    """Return what predicts blocks of these runs; what is unknown of this device is timed first.

    Args:
        specs: The runs; with the smallest and the largest of several variants, all between are
            predicted.
        configs: The configuration of each run, by its name.
        workplace: Where the jobs are.
        max_seconds: Seconds that the timing of designs may take.
        again: Whether designs of the first block are timed even if such are known.

    Raises:
        ConfigError: if this machine does not have the device or the precision.
        DataError: if the data set is absent or not what it should be.
    """
    overheads = read_overheads(specs[0])
    if overheads is None:
        overheads = _time_overheads(specs, configs)
    calibrations, _ = calibrations_of(specs)
    if again or not _are_known(specs, workplace, calibrations):
        from ensemble_switchover.runner.calibrate import calibrate

        first = as_in_jobs(first_block(specs).specs, workplace)
        num_jobs = max(at_a_time for _, at_a_time in workplace.jobs_of(first))
        groups = groups_to_time(first, workplace.together, num_jobs)
        with shown_on(sys.stdout):
            fresh = calibrate([*first, *groups], min(CALIBRATION_SECONDS, max_seconds))
        calibrations, _ = calibrations_of(specs, fresh)
    return BlockPredictor(workplace, calibrations, overheads, "torch" in sys.modules)


def _time_overheads(specs: Sequence[RunSpec], configs: Mapping[str, Config]) -> Overheads:
    """Measure what jobs take beside training, by a run of the smallest network."""
    print("timing an epoch of the smallest network on this device, with all around it", flush=True)
    was_imported, begin = "torch" in sys.modules, time.perf_counter()
    from ensemble_switchover.runner.time_overheads import USUAL_START_SECONDS, time_overheads

    imported = seconds_before_mark() + time.perf_counter() - begin
    start = USUAL_START_SECONDS if was_imported else imported
    smallest = min(specs, key=relative_training_cost)
    found = time_overheads(configs[smallest.name], start)
    with optional_cache(cache_root(smallest.dataset.cache)):
        write_overheads(smallest, found)
    return found


def _are_known(
    specs: Sequence[RunSpec], workplace: Workplace, calibrations: Sequence[Calibration]
) -> bool:
    """Return whether designs like those of the first block were timed, apart and together."""
    costs = job_costs(first_block(specs).specs, workplace, calibrations)
    return not any(
        cost.unknown_together or cost.extrapolated or cost.training_and_evaluation is None
        for cost in costs
    )


def as_in_jobs(specs: Sequence[RunSpec], workplace: Workplace) -> list[RunSpec]:
    """Return runs with the threads of the CPU that they have in the jobs of joblib.

    Jobs side by side divide the processors where neither the runs nor the environment say how many
    threads there are. The names of such runs are not those of the runs themselves.
    """
    jobs = max((number for _, number in workplace.jobs_of(specs)), default=1)
    if jobs == 1 or threads_of_environment() is not None:
        return list(specs)
    threads = max(1, num_processors() // jobs)
    return [
        replace(spec, threads=threads)
        if spec.threads is None and this_device(spec)[0] == "cpu"
        else spec
        for spec in specs
    ]


def job_costs(
    specs: Sequence[RunSpec], workplace: Workplace, calibrations: Sequence[Calibration]
) -> list[JobCost]:
    """Predict the training, evaluation, timing and measuring of every job of some runs."""
    specs = as_in_jobs(specs, workplace)
    runs = {run.spec.name: run for run in forecast(specs, calibrations, None)}
    return [
        predict_job(
            [runs[spec.name] for spec in job], workplace.together, num_jobs, calibrations, None
        )
        for job, num_jobs in workplace.jobs_of(specs)
    ]
