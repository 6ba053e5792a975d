"""The executions of one process: whatever the way, members learn what they learn one by one."""

import pytest
import torch
from torch import nn
from torch.optim import SGD

from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.config.recipe import Recipe
from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.networks import build_member
from ensemble_switchover.networks.fused import Fused
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.optimizer import make_optimizer
from ensemble_switchover.training.precision import Precision

TASK = ImageTask(channels=2, size=8, num_classes=5)
DEVICE = torch.device("cpu")


def made(name, num_members, **options):
    family = make_family(name, options)
    return [
        build_member(family, family.depths[0], 3, TASK, seed).double()
        for seed in range(num_members)
    ]


def executed(plan, members):
    settings = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3}
    one_kernel = plan.channels_last or None
    optimizers = [SGD(member.parameters(), fused=one_kernel, **settings) for member in members]
    precision = Precision("64", torch.float64)
    return EXECUTIONS[plan.within](members, optimizers, DEVICE, precision, plan=plan), optimizers


def take_steps(execution, num_members, number):
    generator = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(number):
        shape = (num_members, 6, TASK.channels, TASK.size, TASK.size)
        images = torch.randn(shape, generator=generator, dtype=torch.float64)
        labels = torch.randint(0, TASK.num_classes, (num_members, 6), generator=generator)
        for group in execution.groups(num_members):
            execution.prepare(group)
            rows = list(group)
            losses.append(execution.train_step(group, images[rows], labels[rows]))
    return losses


OTHER_WAYS = [
    pytest.param(plan, id=plan.label)
    for plan in candidate_plans(3, places=1)
    if plan != ExecutionPlan()
]
VARIANTS = [
    *[(name, {}) for name in sorted(FAMILIES)],
    ("densenet", {"bottleneck": True, "compression": 0.5}),
    ("resnet", {"shortcut": "projection"}),
]


@pytest.mark.parametrize("plan", OTHER_WAYS)
@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_twenty_steps_give_what_they_give_in_the_papers_way(name, options, plan):
    quick_members, members = made(name, 3, **options), made(name, 3, **options)
    quick, quick_optimizers = executed(plan, quick_members)
    sequential, optimizers = executed(ExecutionPlan(), members)
    begin = [value.clone() for value in members[0].state_dict().values()]
    quick_losses = torch.stack(take_steps(quick, 3, 20)).flatten()
    torch.testing.assert_close(
        quick_losses, torch.stack(take_steps(sequential, 3, 20)).flatten(), rtol=1e-9, atol=0
    )
    for ours, theirs in zip(quick_members, members, strict=True):
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value, rtol=1e-9, atol=1e-12)
    for ours, theirs in zip(quick_optimizers, optimizers, strict=True):
        for index, state in theirs.state_dict()["state"].items():
            momentum = ours.state_dict()["state"][index]["momentum_buffer"]
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


def test_what_has_no_fused_form_is_refused():
    with pytest.raises(ConfigError, match=r"Dropout has no form .* expected execution=sequential"):
        Fused([nn.Sequential(nn.Dropout()) for _ in range(2)])


def test_an_overflow_of_the_first_step_leaves_nothing_behind():
    recipe = Recipe(
        name="test", epochs=1, batch_size=6, learning_rate=0.05, drops=(), weight_decay=0.0
    )
    precision = Precision("16", torch.float32, torch.float16)
    (member,) = (network.float() for network in made("resnet", 1))
    before = {key: value.clone() for key, value in member.named_parameters()}
    junk = [torch.full_like(value, 1e30) for value in member.parameters()]
    del junk  # what is freed is handed out again, contents and all
    optimizer = make_optimizer(member, recipe, ExecutionPlan(), precision)
    execution = EXECUTIONS["sequential"](
        [member], [optimizer], DEVICE, precision, plan=ExecutionPlan()
    )
    (state,) = execution.scalers
    execution.scalers = [{**state, "scale": 2.0**40}]
    images = torch.randn(1, 6, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    execution.prepare((0,))
    execution.train_step((0,), images, torch.zeros(1, 6, dtype=torch.long))
    for key, value in member.named_parameters():
        assert torch.equal(value, before[key])
        assert not optimizer.state[value]["momentum_buffer"].any()
    (after,) = execution.scalers
    assert after["scale"] == 2.0**39
