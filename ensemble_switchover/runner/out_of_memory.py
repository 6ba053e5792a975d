"""The message of a run that ran out of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.machine.terminal import mebibytes
from ensemble_switchover.measurement.environment import device_memory_bytes, device_name
from ensemble_switchover.planning.cost import (
    USABLE_MEMORY_SHARE,
    largest_fitting_batch,
    memory_bytes,
)
from ensemble_switchover.training.device import choose_device

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec


def out_of_memory_text(spec: RunSpec, plan: ExecutionPlan) -> str:
    """State the memory that a run needs and what there is, and name what would fit."""
    device = choose_device(spec.device)
    available = device_memory_bytes(device)
    needed = memory_bytes(spec, plan, device.type, available)
    text = (
        f"out of memory with {spec.design.k} x {spec.design.member_parameters:,} parameters at "
        f"batch size {spec.recipe.batch_size}, execution {plan.label}: "
        f"its tensors take "
        f"{mebibytes(needed)}"
    )
    if available is None:
        return f"{text}; a smaller recipe.batch_size or budget needs less"
    text += f", {device_name(device)} has {mebibytes(available)}"
    usable = int(USABLE_MEMORY_SHARE * available)
    fitting = []
    if memory_bytes(spec, ExecutionPlan(), device.type, available) <= min(usable, needed - 1):
        fitting.append("execution=sequential")
    batch_size = largest_fitting_batch(spec, plan, device.type, usable)
    if batch_size is not None:
        fitting.append(f"recipe.batch_size={batch_size}")
    if not fitting:
        return f"{text}; a smaller budget needs less"
    return f"{text}; {' or '.join(fitting)} would fit"
