"""Rows of a plan for other programs; the names of columns end with their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.planning.data_sheet import DataSheet

if TYPE_CHECKING:
    from ensemble_switchover.config.study import MissingDesign
    from ensemble_switchover.planning.forecast import Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One run in CSV and JSON; costs are those of all members together."""

    name: str
    family: str
    dataset: str
    budget_depth: int
    budget_width: int
    budget_parameters: int
    design_class: str
    k: int
    state: str
    """`finished`, `failed`, `interrupted`, `running`, `unreadable`, `absent`, or `impossible`."""
    shared: bool | None = None
    """Whether the training of another run provides its record."""
    problem: str | None = None
    """Why the design does not exist; the columns that follow are then empty."""
    depth: int | None = None
    width: int | None = None
    member_parameters: int | None = None
    parameters: int | None = None
    budget_fill: float | None = None
    seed: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    execution: str | None = None
    """How the members will be executed, as far as that is known."""
    execution_requested: str | None = None
    """Execution that is requested, such as `auto`."""
    precision: str | None = None
    compiled: bool | None = None
    num_threads_requested: int | None = None
    """Number of threads that is requested; empty for the machine's own choice."""
    steps: int | None = None
    training_flops: float | None = None
    memory_bytes: int | None = None
    fits: bool | None = None
    predicted_training_seconds: float | None = None
    predicted_evaluation_seconds: float | None = None
    latency_one_image_ms: float | None = None
    latency_many_images_ms_per_image: float | None = None
    seconds_are_lower_bounds: bool | None = None
    seconds_are_extrapolated: bool | None = None
    seconds_from: str | None = None
    device: str | None = None
    device_name: str | None = None
    steady_training_seconds: float | None = None
    """As measured in a finished run of these conditions, a warm-up epoch as a median epoch."""


def hole_row(hole: MissingDesign) -> PlanRow:
    """Return the row of a design that does not exist."""
    return PlanRow(
        name="",
        family=hole.family,
        dataset=hole.dataset,
        budget_depth=hole.budget.depth,
        budget_width=hole.budget.width,
        budget_parameters=hole.budget.parameters,
        design_class=hole.design_class,
        k=hole.k,
        state="impossible",
        problem=hole.reason,
    )


def plan_row(entry: Forecast) -> PlanRow:
    """Return the row of a forecast."""
    spec, cost, conditions = entry.spec, entry.cost, entry.machine.conditions
    design, budget = spec.design, spec.budget
    return PlanRow(
        name=spec.name,
        family=spec.family.name,
        dataset=spec.dataset.name,
        budget_depth=budget.depth,
        budget_width=budget.width,
        budget_parameters=budget.parameters,
        design_class=design.design_class.value,
        k=design.k,
        depth=design.depth,
        width=design.width,
        member_parameters=design.member_parameters,
        parameters=design.parameters,
        budget_fill=design.budget_fill,
        seed=spec.seed,
        epochs=spec.recipe.epochs,
        batch_size=spec.recipe.batch_size,
        state=entry.state.value,
        shared=entry.shared,
        steps=cost.steps,
        training_flops=cost.training_flops,
        memory_bytes=cost.memory_bytes,
        fits=entry.fits,
        execution=entry.plan.label,
        execution_requested=spec.execution.name,
        precision=spec.precision,
        compiled=spec.compile,
        num_threads_requested=spec.threads,
        seconds_are_lower_bounds=isinstance(entry.machine.basis, DataSheet),
        seconds_are_extrapolated=cost.extrapolated,
        predicted_training_seconds=cost.training_seconds,
        predicted_evaluation_seconds=cost.evaluation_seconds,
        latency_one_image_ms=cost.one_image_ms,
        latency_many_images_ms_per_image=cost.many_images_ms,
        device=conditions.device,
        device_name=conditions.device_name,
        seconds_from=entry.machine.source,
        steady_training_seconds=entry.measured_training_seconds,
    )
