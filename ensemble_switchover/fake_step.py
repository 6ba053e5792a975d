"""The peak memory of a training step, from torch's own tensors without their contents."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.optim import SGD

from ensemble_switchover.measurement.allocation import AllocationTracker
from ensemble_switchover.networks import build_network
from ensemble_switchover.planning.cost import memory_bytes, shape_bytes
from ensemble_switchover.training.execution import EXECUTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ensemble_switchover.design import Family, ImageTask
    from ensemble_switchover.planning.forecast import Forecast

HOST = torch.device("cpu")
"""Fake tensors lie nowhere; the CPU needs no driver."""


def with_exact_memory(forecasts: Sequence[Forecast]) -> list[Forecast]:
    """Replace the memory that was counted from shapes by that of torch's tensors."""
    exact = []
    for entry in forecasts:
        cell, design = entry.cell, entry.cell.design
        member = (cell.family, design.depth, design.width, cell.task, cell.recipe.batch_size)
        item_bytes = 8 if cell.precision == "64" else 4
        counted = shape_bytes(*member, item_bytes)
        traced = fake_step_bytes(*member, item_bytes, cell.execution)
        bytes_now = memory_bytes(cell, entry.machine.conditions.device) - counted + traced
        exact.append(replace(entry, cost=replace(entry.cost, memory_bytes=bytes_now)))
    return exact


@lru_cache(maxsize=65536)
def fake_step_bytes(
    family: Family,
    depth: int,
    width: int,
    task: ImageTask,
    batch_size: int,
    item_bytes: int,
    execution: str,
) -> int:
    """Take two training steps of one member with fake tensors; return the peak of their bytes."""
    dtype = torch.float64 if item_bytes == 8 else torch.float32
    tracker = AllocationTracker()
    with _default_dtype(dtype), FakeTensorMode(), tracker:
        member = build_network(family, depth, width, task)
        # all tensors at once, as on a GPU
        optimizer = SGD(member.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, foreach=True)
        executed = EXECUTIONS[execution]([member], [optimizer], HOST)
        executed.prepare((0,))
        images = torch.zeros((1, batch_size, task.channels, task.size, task.size), dtype=dtype)
        labels = torch.zeros((1, batch_size), dtype=torch.long)
        for _ in range(2):
            executed.train_step((0,), images, labels)
    return tracker.peak_bytes


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
