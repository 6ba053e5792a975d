"""Fused members in single precision."""

import pytest
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from tests.training.members import OTHER_WAYS, executed, made


@pytest.mark.parametrize("plan", OTHER_WAYS)
def test_float32_stays_within_rounding(plan):
    quick_members, members = ([m.float() for m in made("resnet", 2)] for _ in range(2))
    quick, _ = executed(plan, quick_members)
    sequential, _ = executed(ExecutionPlan(), members)
    for execution in (quick, sequential):
        images = torch.randn(2, 6, 2, 8, 8, generator=torch.Generator().manual_seed(0))
        labels = torch.arange(12).view(2, 6) % 5
        for _ in range(5):
            for group in execution.groups(2):
                execution.train_step(group, images[list(group)], labels[list(group)])
    for ours, theirs in zip(quick_members, members, strict=True):
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value, rtol=1e-3, atol=1e-4)
