"""The peak memory of a training step by torch's own tensors, fake ones without contents."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING
from unittest import mock

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.optim import SGD

from ensemble_switchover.networks import build_network
from ensemble_switchover.planning.cost import item_bytes
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.precision import Precision
from tests.planning.allocation import AllocationTracker
from tests.training.members import RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.design import Family, ImageTask

FAKE_DEVICE = torch.device("cpu")
"""Fake tensors take no memory; the CPU needs no driver."""


def fake_step_bytes(spec: RunSpec, plan: ExecutionPlan) -> int:
    """Return the peak bytes of two training steps of the members of a run that share a step."""
    design = spec.design
    size = (design.depth, design.width, spec.task, spec.recipe.batch_size, item_bytes(spec))
    return fake_bytes(spec.family, *size, plan, plan.members_at_once(design.k))


@lru_cache(maxsize=65536)
def fake_bytes(
    family: Family,
    depth: int,
    width: int,
    task: ImageTask,
    batch_size: int,
    number_bytes: int,
    plan: ExecutionPlan,
    num_members: int = 1,
) -> int:
    """Return the peak bytes of two training steps of `num_members` members at once."""
    dtype = torch.float64 if number_bytes == 8 else torch.float32
    tracker = AllocationTracker()
    with _default_dtype(dtype), _gpu_sought_once(), FakeTensorMode(), tracker:
        members = [build_network(family, depth, width, task) for _ in range(num_members)]
        at_once = {"fused" if plan.channels_last else "foreach": True}  # as on a GPU
        optimizers = [
            SGD(member.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, **at_once)
            for member in members
        ]
        precision = Precision("32", dtype)
        executed = EXECUTIONS[plan.within](
            members, optimizers, FAKE_DEVICE, precision, recipe=RECIPE, plan=plan
        )
        group = tuple(range(num_members))
        executed.prepare(group)
        shape = (num_members, batch_size, task.channels, task.size, task.size)
        images = torch.zeros(shape, dtype=dtype)
        labels = torch.zeros((num_members, batch_size), dtype=torch.long)
        for _ in range(2):
            executed.train_step(group, images, labels)
    return tracker.peak_bytes


def _gpu_sought_once() -> AbstractContextManager[object]:
    """Seek a GPU once; a fake tensor seeks one at every operation, in the driver's library."""
    found = torch.cuda.is_available()
    return mock.patch.object(torch.cuda, "is_available", return_value=found)


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
