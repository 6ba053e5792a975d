"""One line of a plan for other programs; units are in the names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ensemble_switchover.planning.forecast import Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One run, for other programs."""

    name: str
    family: str
    dataset: str
    budget_depth: int
    budget_width: int
    budget_parameters: int
    design_class: str
    k: int
    depth: int
    width: int
    member_parameters: int
    parameters: int
    budget_fill: float
    seed: int
    epochs: int
    batch_size: int
    state: str
    steps: int
    training_flops: float
    memory_bytes: int
    fits: bool
    training_seconds: float | None
    evaluation_seconds: float | None
    latency_one_image_ms: float | None
    latency_many_images_ms_per_image: float | None
    device: str
    device_name: str
    seconds_from: str
    measured_training_seconds: float | None


def plan_row(entry: Forecast) -> PlanRow:
    """Flatten a forecast."""
    cell, cost, conditions = entry.cell, entry.cost, entry.machine.conditions
    design, budget = cell.design, cell.budget
    return PlanRow(
        name=cell.name,
        family=cell.family.name,
        dataset=cell.dataset.name,
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
        seed=cell.seed,
        epochs=cell.recipe.epochs,
        batch_size=cell.recipe.batch_size,
        state=entry.state.value,
        steps=cost.steps,
        training_flops=cost.training_flops,
        memory_bytes=cost.memory_bytes,
        fits=entry.fits,
        training_seconds=cost.training_seconds,
        evaluation_seconds=cost.evaluation_seconds,
        latency_one_image_ms=cost.one_image_ms,
        latency_many_images_ms_per_image=cost.many_images_ms,
        device=conditions.device,
        device_name=conditions.device_name,
        seconds_from=entry.machine.source,
        measured_training_seconds=entry.measured_training_seconds,
    )
