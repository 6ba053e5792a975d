"""Fused members in single precision."""

import pytest
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.training.execution import fused as fused_module
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


def test_a_learning_rate_that_the_device_holds_changes_in_place(monkeypatch):
    with_float, with_tensor = ([m.float() for m in made("resnet", 2)] for _ in range(2))
    first, _ = executed(ExecutionPlan("fused"), with_float)
    monkeypatch.setattr(fused_module, "_holds_rate", lambda *_: True)
    second, _ = executed(ExecutionPlan("fused"), with_tensor)
    held = second.optimizer.param_groups[0]["lr"]
    assert held.dtype == torch.float32
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.randn(2, 6, 2, 8, 8, generator=generator), torch.arange(12).view(2, 6)
    for rate in (0.1, 0.1, 0.01):
        for execution in (first, second):
            for optimizer in execution.optimizers:
                optimizer.param_groups[0]["lr"] = rate
            execution.train_step((0, 1), images, labels % 5)
    assert second.optimizer.param_groups[0]["lr"] is held
    assert held.item() == pytest.approx(0.01)
    for ours, theirs in zip(with_tensor, with_float, strict=True):
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value)
