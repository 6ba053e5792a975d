"""Rows of a plan for other programs; the names of columns end with their units."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from ensemble_switchover.planning.data_sheet import DataSheet
from ensemble_switchover.results.from_run_spec import missing_design_facts, spec_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.config.study import MissingDesign
    from ensemble_switchover.planning.forecast import Forecast
    from ensemble_switchover.planning.job_cost import JobCost

RUN_COLUMNS = (
    "name", "family", "dataset", "train_size", "image_size",
    "budget_depth", "budget_width", "budget_parameters",
    "design_class", "k", "depth", "width", "member_parameters", "parameters", "budget_fill",
    "seed", "epochs", "evaluate_every", "batch_size",
    "execution", "execution_requested", "times_of",
    "precision", "compiled", "device", "device_name",
)  # fmt: skip
"""The columns of `results.run_columns` that are known before a run; `execution` is how the members
will be executed, as far as that is known, and `times_of` what the seconds of a finished one are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastFacts:
    """What a plan adds to the columns of a run; costs are those of all members together."""

    state: str
    """`finished`, `failed`, `interrupted`, `running`, `unreadable`, `absent`, or `impossible`."""
    problem: str | None = None
    """Why the design does not exist; the columns of a design and its costs are then empty."""
    shared: bool | None = None
    """Whether the training of another run provides its record."""
    num_threads_requested: int | None = None
    """Number of threads that is requested; empty for the machine's own choice."""
    steps: int | None = None
    """Training steps of all members in all epochs."""
    training_flops: float | None = None
    """Floating-point operations of the training steps of all members."""
    memory_bytes: int | None = None
    """Predicted peak memory of training."""
    fits: bool | None = None
    """Whether the device has that memory."""
    predicted_training_seconds: float | None = None
    """Training of all epochs, without evaluation."""
    predicted_evaluation_seconds: float | None = None
    """Evaluation after every epoch."""
    latency_one_image_ms: float | None = None
    """Predicted inference of one image alone."""
    latency_many_images_ms_per_image: float | None = None
    """Predicted inference per image in large batches."""
    seconds_are_lower_bounds: bool | None = None
    """Whether they follow from a data sheet in place of timings."""
    seconds_are_extrapolated: bool | None = None
    """Whether no timed design is like this one."""
    seconds_from: str | None = None
    """Calibration, timed design or data sheet that the seconds follow from."""
    steady_training_seconds: float | None = None
    """As measured in a finished run of these conditions, a warm-up epoch as a median epoch."""
    seeds_together: int | None = None
    """Seeds that one job trains together, the run's own among them; 1 if it is trained apart."""
    group_memory_bytes: int | None = None
    """Predicted peak memory of the largest group of that job."""
    predicted_job_training_seconds: float | None = None
    """Training of all epochs of all runs of the job."""
    predicted_job_evaluation_seconds: float | None = None
    """Evaluation of all runs of the job, after every evaluated epoch."""
    predicted_job_timing_seconds: float | None = None
    """Timing passes of all runs of the job."""
    predicted_job_measuring_seconds: float | None = None
    """Measuring of inference and layers of all runs of the job."""


PLAN_COLUMNS = (*RUN_COLUMNS, *(entry.name for entry in fields(ForecastFacts)))


def missing_design_row(missing: MissingDesign) -> dict[str, Any]:
    """Return the row of a design that does not exist."""
    facts = ForecastFacts(state="impossible", problem=missing.reason)
    return _row({**missing_design_facts(missing), "name": ""}, facts)


def plan_row(entry: Forecast, job: JobCost | None = None) -> dict[str, Any]:
    """Return the row of a forecast, with the cost of the job that trains the run, if one does."""
    spec, cost, conditions = entry.spec, entry.cost, entry.machine.conditions
    environment = {
        "execution": entry.plan.label,
        "device": conditions.device,
        "device_name": conditions.device_name,
        "times_of": entry.measured_times_of,
    }
    facts = ForecastFacts(
        state=entry.state.value,
        shared=entry.shared,
        num_threads_requested=spec.threads,
        steps=cost.steps,
        training_flops=cost.training_flops,
        memory_bytes=cost.memory_bytes,
        fits=entry.fits,
        predicted_training_seconds=cost.training_seconds,
        predicted_evaluation_seconds=cost.evaluation_seconds,
        latency_one_image_ms=cost.one_image_ms,
        latency_many_images_ms_per_image=cost.many_images_ms,
        seconds_are_lower_bounds=isinstance(entry.machine.basis, DataSheet),
        seconds_are_extrapolated=cost.extrapolated,
        seconds_from=entry.machine.source,
        steady_training_seconds=entry.measured_training_seconds,
    )
    if job is not None:
        facts = replace(
            facts,
            seeds_together=job.num_together,
            group_memory_bytes=job.memory_bytes,
            predicted_job_training_seconds=job.training_seconds,
            predicted_job_evaluation_seconds=job.evaluation_seconds,
            predicted_job_timing_seconds=job.timing_seconds,
            predicted_job_measuring_seconds=job.measuring_seconds,
        )
    return _row(spec_facts(spec, environment), facts)


def _row(run: Mapping[str, Any], facts: ForecastFacts) -> dict[str, Any]:
    return {name: run.get(name) for name in RUN_COLUMNS} | asdict(facts)
