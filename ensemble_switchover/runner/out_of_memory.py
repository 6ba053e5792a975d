"""What to say to a run whose memory did not suffice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.execution_plan import Way
from ensemble_switchover.measurement.environment import device_memory_bytes, device_name
from ensemble_switchover.planning.cost import largest_fitting_batch, memory_bytes
from ensemble_switchover.training.device import choose_device

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import Cell

SHARE_OF_MEMORY = 0.8
"""What tensors may take; the rest is for workspaces, the allocator and others."""


def out_of_memory_text(cell: Cell) -> str:
    """Tell what a run needs and what there is, and name what would fit."""
    device = choose_device(cell.device)
    available = device_memory_bytes(device)
    needed = memory_bytes(cell, device.type, available)
    text = (
        f"out of memory with {cell.design.k} x {cell.design.member_parameters:,} parameters at "
        f"batch size {cell.recipe.batch_size}, execution {cell.way.label}: its tensors take "
        f"{needed / 2**20:,.0f} MiB"
    )
    if available is None:
        return f"{text}; a smaller recipe.batch_size or budget needs less"
    text += f", {device_name(device)} has {available / 2**20:,.0f} MiB"
    usable = int(SHARE_OF_MEMORY * available)
    fitting = []
    one_by_one = replace(cell, way=Way())
    if memory_bytes(one_by_one, device.type, available) <= min(usable, needed - 1):
        fitting.append("execution=sequential")
    batch_size = largest_fitting_batch(cell, device.type, usable)
    if batch_size is not None:
        fitting.append(f"recipe.batch_size={batch_size}")
    if not fitting:
        return f"{text}; a smaller budget needs less"
    return f"{text}; {' or '.join(fitting)} would fit"
