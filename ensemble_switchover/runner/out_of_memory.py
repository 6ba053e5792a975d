"""What is said of a run that ran out of memory, or would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.config.execution_plan import ExecutionPlan, requested_plan
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.hardware import main_memory_bytes
from ensemble_switchover.machine.terminal import mebibytes
from ensemble_switchover.measurement.environment import device_memory_bytes, device_name
from ensemble_switchover.planning.cost import (
    USABLE_MEMORY_SHARE,
    image_bytes,
    largest_fitting_batch,
    memory_bytes,
    process_bytes,
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
    return f"{text}; {_what_would_fit(spec, plan, device.type, available)}"


def refuse_too_large(spec: RunSpec, device: str) -> None:
    """Refuse a run whose tensors and processes main memory cannot hold.

    The system would kill it, without a word, in the middle of its training. Images do not count,
    since those that are mapped from a cache can be read again. A GPU's library says so itself.

    Raises:
        ConfigError: naming what the run takes, what there is, and what would fit.
    """
    available = main_memory_bytes()
    if device == "cuda" or available is None:
        return
    plan = requested_plan(spec)
    beside, images = process_bytes(plan, "cpu"), image_bytes(spec)
    needed = memory_bytes(spec, plan, device, available) - images
    if needed + beside > available:
        design, advice = spec.design, "it needs more memory"
        if beside < available:
            advice = _what_would_fit(spec, plan, device, available - beside)
        raise ConfigError(
            f"{spec.name}: does not fit into memory, with {design.k} x "
            f"{design.member_parameters:,} parameters at batch size {spec.recipe.batch_size}: its "
            f"tensors take {mebibytes(needed)} and the program itself about {mebibytes(beside)}, "
            f"and this process may use {mebibytes(available)}; "
            f"{advice}"
        )


def _what_would_fit(spec: RunSpec, plan: ExecutionPlan, device: str, available: int) -> str:
    usable = int(USABLE_MEMORY_SHARE * available)
    needed = memory_bytes(spec, plan, device, available)
    fitting = []
    if memory_bytes(spec, ExecutionPlan(), device, available) <= min(usable, needed - 1):
        fitting.append("execution=sequential")
    batch_size = largest_fitting_batch(spec, plan, device, usable)
    if batch_size is not None:
        fitting.append(f"recipe.batch_size={batch_size}")
    return f"{' or '.join(fitting)} would fit" if fitting else "a smaller budget needs less"
