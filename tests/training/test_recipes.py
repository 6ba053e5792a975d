"""Whatever the recipe, a member learns in each execution what it learns alone."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from ensemble_switchover.config.execution_plan import ExecutionPlan
from tests.training.members import OTHER_WAYS, TASK, executed, made, take_steps

pytestmark = pytest.mark.slow


def optimizer(name, **arguments):
    return {"optimizer": {"_target_": f"torch.optim.{name}", **arguments}, "learning_rate": 0.01}


RECIPES = {
    "momentum": {"momentum": 0.8},
    "plain": {"momentum": 0.0},
    "dampening": optimizer("SGD", momentum=0.9, dampening=0.1),
    "adam": optimizer("Adam", betas=[0.8, 0.9]),
    "adamw": optimizer("AdamW"),
    "rmsprop": optimizer("RMSprop", momentum=0.5),
    "adagrad": optimizer("Adagrad"),
    "nadam": optimizer("NAdam"),
    "rprop": optimizer("Rprop") | {"weight_decay": 0.0},
    "weights": {"decay": "weights"},
    "smoothing": {"label_smoothing": 0.2},
    "clip": {"gradient_clip": 0.05},
    "average": {"ema_decay": 0.9},
    "own_loss": {"loss": {"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.3}},
    "all": {
        **optimizer("AdamW"), "decay": "weights", "label_smoothing": 0.1, "gradient_clip": 0.1,
        "ema_decay": 0.8,
    },
}  # fmt: skip


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("plan", OTHER_WAYS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_twenty_steps_give_what_they_give_one_by_one(recipe, plan):
    changes = RECIPES[recipe]
    quick_members, members = made("resnet", 3), made("resnet", 3)
    quick, _ = executed(plan, quick_members, **changes)
    sequential, _ = executed(ExecutionPlan(), members, **changes)
    losses = [torch.stack(take_steps(one, 3, 20)).flatten() for one in (quick, sequential)]
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-9, atol=0)
    for ours, theirs in zip(quick_members, members, strict=True):
        close(ours.state_dict(), theirs.state_dict())
    for ours, theirs in zip(quick.optimizer_states, sequential.optimizer_states, strict=True):
        close(ours["state"], theirs["state"])
    for ours, theirs in zip(quick.averages, sequential.averages, strict=True):
        close(ours, theirs)
    images = torch.randn(4, TASK.channels, TASK.size, TASK.size, dtype=torch.float64)
    for member in (*quick_members, *members):
        member.eval()
    predicted = [
        torch.cat([one.logits(group, images) for group in one.groups(3)])
        for one in (quick, sequential)
    ]
    close(*predicted)


def test_a_step_of_all_at_once_is_that_of_a_plain_loop():
    """AdamW with smoothed labels, clipped gradients and averaged weights, in torch's own words."""
    (member,), (network,) = made("resnet", 1), made("resnet", 1)
    execution, _ = executed(ExecutionPlan(), [member], **RECIPES["all"])
    losses = take_steps(execution, 1, 5)
    weights = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1]
    torchs = torch.optim.AdamW(
        [{"params": weights}, {"params": others, "weight_decay": 0}], lr=0.01, weight_decay=1e-3
    )
    average = [p.detach().clone() for p in network.parameters()]
    generator = torch.Generator().manual_seed(1)
    for step in range(5):
        images = torch.randn((1, 6, 2, 8, 8), generator=generator, dtype=torch.float64)
        labels = torch.randint(0, TASK.num_classes, (1, 6), generator=generator)
        loss = functional.cross_entropy(network(images[0]), labels[0], label_smoothing=0.1)
        torchs.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.1)
        torchs.step()
        close(losses[step][0], loss.detach())
        decay = min(0.8, (step + 2) / (step + 11))
        for kept, own in zip(average, network.parameters(), strict=True):
            kept.mul_(decay).add_(own.detach(), alpha=1 - decay)
    close(member.state_dict(), network.state_dict())
    averaged = execution.averages[0]["tensors"]
    for (name, _), kept in zip(member.named_parameters(), average, strict=True):
        close(averaged[name], kept)


@pytest.mark.parametrize("recipe", ["adam", "nadam", "dampening", "average", "all"])
@pytest.mark.parametrize("plans", [("sequential", "sequential"), ("fused", "sequential")])
def test_training_goes_on_from_the_states_as_if_it_had_not_stopped(recipe, plans):
    changes = RECIPES[recipe]
    whole_members, members = made("resnet", 3), made("resnet", 3)
    first, second = (ExecutionPlan(within) for within in plans)
    whole, _ = executed(second, whole_members, **changes)
    run = partial(_steps_of, torch.Generator())
    run(whole, 0, 6)
    begun, _ = executed(first, members, **changes)
    run(begun, 0, 3)
    states = [member.state_dict() for member in members]
    optimizers, averages = begun.optimizer_states, begun.averages
    resumed_members = made("resnet", 3)
    for member, state in zip(resumed_members, states, strict=True):
        member.load_state_dict(state)
    resumed = _resumed(second, resumed_members, optimizers, averages, changes)
    run(resumed, 3, 6)
    tolerance = {} if first == second else {"rtol": 1e-9, "atol": 1e-12}
    for ours, theirs in zip(resumed_members, whole_members, strict=True):
        for key, value in theirs.state_dict().items():
            if tolerance:
                torch.testing.assert_close(ours.state_dict()[key], value, **tolerance)
            else:
                assert torch.equal(ours.state_dict()[key], value)


def _steps_of(generator, execution, start, stop):
    for step in range(start, stop):
        generator.manual_seed(step)
        images = torch.randn((3, 6, 2, 8, 8), generator=generator, dtype=torch.float64)
        labels = torch.randint(0, TASK.num_classes, (3, 6), generator=generator)
        for group in execution.groups(3):
            execution.prepare(group)
            execution.train_step(group, images[list(group)], labels[list(group)])


def _resumed(plan, members, optimizers, averages, changes):
    execution, _ = executed(plan, members, states=optimizers, **changes)
    if averages:
        execution.averages = averages
    return execution
