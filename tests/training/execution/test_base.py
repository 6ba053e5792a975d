"""Whatever the execution, members learn what they learn one by one."""

from functools import cache

import pytest
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.design import FAMILIES
from tests.training.members import OTHER_WAYS, TASK, executed, made, take_steps

pytestmark = pytest.mark.slow

VARIANTS = [
    *[(name, {}) for name in sorted(FAMILIES)],
    ("densenet", {"bottleneck": True, "compression": 0.5}),
    ("resnet", {"shortcut": "projection"}),
]


@cache
def trained_in_the_papers_way(variant, nesterov):
    """Take twenty steps with members of a variant; return them, their execution and losses."""
    name, options = VARIANTS[variant]
    members = made(name, 3, **options)
    sequential, _ = executed(ExecutionPlan(), members, nesterov=nesterov)
    return members, sequential, torch.stack(take_steps(sequential, 3, 20)).flatten()


@pytest.mark.parametrize("plan", OTHER_WAYS)
@pytest.mark.parametrize(
    ("variant", "nesterov"),
    [
        *[
            pytest.param(number, False, id=f"{number}-{name}")
            for number, (name, _) in enumerate(VARIANTS)
        ],
        *[
            pytest.param(VARIANTS.index((name, {})), True, id=f"{name}-nesterov")
            for name in ("densenet", "wide_resnet")
        ],
    ],
)
def test_twenty_steps_give_what_they_give_in_the_papers_way(variant, nesterov, plan):
    name, options = VARIANTS[variant]
    quick_members = made(name, 3, **options)
    quick, _ = executed(plan, quick_members, nesterov=nesterov)
    begin = [value.clone() for value in quick_members[0].state_dict().values()]
    quick_losses = torch.stack(take_steps(quick, 3, 20)).flatten()
    members, sequential, losses = trained_in_the_papers_way(variant, nesterov)
    torch.testing.assert_close(quick_losses, losses, rtol=1e-9, atol=0)
    for ours, theirs in zip(quick_members, members, strict=True):
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value, rtol=1e-9, atol=1e-12)
    states = zip(quick.optimizer_states, sequential.optimizer_states, strict=True)
    for ours, theirs in states:
        for index, state in theirs["state"].items():
            momentum = ours["state"][index]["momentum_buffer"]
            torch.testing.assert_close(momentum, state["momentum_buffer"], rtol=1e-9, atol=1e-12)
    after = members[0].state_dict().values()
    assert not any(
        torch.equal(old, new) for old, new in zip(begin, after, strict=True) if new.dim() == 4
    )


@pytest.mark.parametrize("plan", OTHER_WAYS)
@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_predictions_are_those_of_the_members(name, options, plan):
    members = made(name, 3, **options)
    execution, _ = executed(plan, members)
    take_steps(execution, 3, 3)
    images = torch.randn(4, TASK.channels, TASK.size, TASK.size, dtype=torch.float64)
    for member in members:
        member.eval()
    with torch.no_grad():
        logits = torch.cat([execution.logits(group, images) for group in execution.groups(3)])
        alone = torch.stack([member.eval()(images) for member in members])
    torch.testing.assert_close(logits, alone, rtol=1e-9, atol=1e-12)
