"""Predicted cost of a job of a sweep: one run, or seeds of a design trained together (no torch)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.planning.after_training import measuring_seconds, timing_pass_seconds
from ensemble_switchover.planning.basis import find_machine
from ensemble_switchover.planning.cost import PredictedCost, predict_cost
from ensemble_switchover.planning.seed_groups import TOGETHER, as_group, kept_bytes, sizes_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.planning.basis import Machine
    from ensemble_switchover.planning.calibration import Calibration
    from ensemble_switchover.planning.forecast import Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCost:
    """What a job of a sweep is predicted to take."""

    runs: list[Forecast]
    """Runs that differ in the seed alone."""
    sizes: list[int]
    """Seeds that are trained together, group by group; 1 where each is trained apart."""
    memory_bytes: int
    """Peak of all tensors of the largest group in a training step, with the images and what
    its runs keep of the last epoch."""
    training_seconds: float | None
    """Training of all epochs of all runs; None where nothing is known of the device."""
    evaluation_seconds: float | None
    timing_seconds: float | None
    """Timing passes, from which runs of such a sweep have their times; 0 for a run by itself."""
    measuring_seconds: float | None
    """Inference and layers, measured after training; None where only rough bounds are known."""
    extrapolated: bool
    """Whether no similar group was timed."""
    unknown_together: bool = False
    """Whether the seconds are those of runs apart, because groups were not timed at all."""

    @property
    def num_together(self) -> int:
        """The most seeds that are trained together."""
        return max(self.sizes)

    @property
    def training_and_evaluation(self) -> float | None:
        """Seconds of both; None if one is unknown."""
        return sum_known((self.training_seconds, self.evaluation_seconds))

    @property
    def seconds(self) -> float | None:
        """All that are known; None if those of training or evaluation are not."""
        measuring = self.measuring_seconds or 0.0
        return sum_known((self.training_and_evaluation, self.timing_seconds, measuring))


def predict_job(
    runs: Sequence[Forecast],
    together: str,
    num_jobs: int,
    calibrations: Sequence[Calibration],
    machine_name: str | None,
) -> JobCost:
    """Predict what runs take that differ in the seed alone, if one job of a sweep trains them.

    With `auto` it is what is quicker, together or apart, as the job decides by measurement.

    Args:
        runs: The forecasts of the runs.
        together: `sweep.together`, or `none` for a run by itself.
        num_jobs: Jobs at a time on this machine.
        calibrations: The calibrations of `forecast`.
        machine_name: The name of the machine, as of `forecast`.
    """
    first = runs[0]
    apart = _apart(runs, is_timed_apart=together != "none")
    if together == "none":
        return apart
    machine, spec = first.machine, first.spec
    device = machine.conditions.device
    sizes = sizes_together(spec, len(runs), device, machine.memory_bytes, num_jobs)
    if max(sizes) == 1:
        return apart
    there = find_machine(as_group(spec, sizes[0]), TOGETHER, calibrations, machine_name)
    costs = [first.cost if size == 1 else _group_cost(first, size, there) for size in sizes]
    group = JobCost(
        runs=list(runs),
        sizes=sizes,
        memory_bytes=max(cost.memory_bytes for cost in costs),
        training_seconds=sum_known(cost.training_seconds for cost in costs),
        evaluation_seconds=sum_known(cost.evaluation_seconds for cost in costs),
        timing_seconds=apart.timing_seconds,
        measuring_seconds=apart.measuring_seconds,
        extrapolated=any(cost.extrapolated for cost in costs),
    )
    return _chosen(group, apart, together)


def sum_known(values: Iterable[float | None]) -> float | None:
    """Return the sum; None if a value is unknown.

    >>> sum_known([1.0, 2.0]), sum_known([1.0, None]), sum_known([])
    (3.0, None, 0.0)
    """
    listed = list(values)
    known = [value for value in listed if value is not None]
    return float(sum(known)) if len(known) == len(listed) else None


def _chosen(group: JobCost, apart: JobCost, together: str) -> JobCost:
    """Return the group, or the runs apart where that is quicker or all that is known."""
    quick, slow = group.training_and_evaluation, apart.training_and_evaluation
    if quick is None:
        return replace(
            group,
            training_seconds=apart.training_seconds,
            evaluation_seconds=apart.evaluation_seconds,
            extrapolated=True,
            unknown_together=True,
        )
    is_slower = together == "auto" and slow is not None and quick > slow
    return apart if is_slower else group


def _apart(runs: Sequence[Forecast], *, is_timed_apart: bool) -> JobCost:
    timing: list[float | None] = [0.0]
    if is_timed_apart:
        timing = [timing_pass_seconds(run.spec, run.cost) for run in runs]
    return JobCost(
        runs=list(runs),
        sizes=[1] * len(runs),
        memory_bytes=max(run.cost.memory_bytes for run in runs),
        training_seconds=sum_known(run.cost.training_seconds for run in runs),
        evaluation_seconds=sum_known(run.cost.evaluation_seconds for run in runs),
        timing_seconds=sum_known(timing),
        measuring_seconds=sum_known(
            measuring_seconds(run.spec, run.cost, len(runs)) for run in runs
        ),
        extrapolated=any(run.cost.extrapolated for run in runs),
    )


def _group_cost(first: Forecast, size: int, machine: Machine) -> PredictedCost:
    device = machine.conditions.device
    group = as_group(first.spec, size)
    cost = predict_cost(group, TOGETHER, machine.basis, device, machine.memory_bytes)
    return replace(cost, memory_bytes=cost.memory_bytes + kept_bytes(group))
