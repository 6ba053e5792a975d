"""The optimizer of a member."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.config.recipe import Recipe
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.training.optimizer import (
    make_optimizer,
    optimizer_of_member,
    parameter_groups,
)
from ensemble_switchover.training.precision import FLOAT32, Precision

RECIPE = Recipe(name="r", epochs=1, batch_size=4, learning_rate=0.3, drops=(), weight_decay=0.02)


@pytest.mark.parametrize(
    ("plan", "precision", "begun"),
    [
        (ExecutionPlan(), FLOAT32, False),
        (ExecutionPlan(channels_last=True), FLOAT32, True),
        (ExecutionPlan(), Precision("16", torch.float32, torch.float16), True),
    ],
)
def test_it_follows_the_recipe_and_one_kernel_begins_with_no_momentum(plan, precision, begun):
    member = nn.Linear(2, 3)
    optimizer = optimizer_of_member(member, RECIPE, plan, precision)
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"], group["momentum"]) == (0.3, 0.02, RECIPE.momentum)
    assert bool(group["fused"]) is begun
    buffers = [state["momentum_buffer"] for state in optimizer.state.values()]
    assert len(buffers) == (2 if begun else 0)
    assert not any(buffer.any() for buffer in buffers)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("channels_last", [False, True])
def test_its_steps_are_those_of_the_formula(nesterov, channels_last):
    member = nn.Linear(2, 1, bias=False).double()
    recipe = replace(RECIPE, nesterov=nesterov)
    plan = ExecutionPlan(channels_last=channels_last)
    optimizer = optimizer_of_member(member, recipe, plan, Precision("64", torch.float64))
    generator = torch.Generator().manual_seed(0)
    weight, velocity = member.weight.detach().clone(), torch.zeros(1, 2, dtype=torch.float64)
    for _ in range(4):
        gradient = torch.randn(1, 2, generator=generator, dtype=torch.float64)
        member.weight.grad = gradient.clone()
        optimizer.step()
        # Sutskever et al. 2013 as Torch's optim.sgd has it, without dampening
        gradient = gradient + 0.02 * weight
        velocity = 0.9 * velocity + gradient
        weight = weight - 0.3 * (gradient + 0.9 * velocity if nesterov else velocity)
        torch.testing.assert_close(member.weight.detach(), weight, rtol=1e-12, atol=0)


def test_weight_decay_spares_norms_and_biases_where_it_is_asked_to():
    member = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.Linear(2, 3))
    recipe = replace(RECIPE, decay="weights")
    decayed, spared = make_optimizer(member, recipe, one_kernel=False).param_groups
    assert [parameter.shape for parameter in decayed["params"]] == [(2, 1, 3, 3), (3, 2)]
    assert [parameter.shape for parameter in spared["params"]] == [(2,), (2,), (3,)]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.02, 0.0)
    (every,) = parameter_groups(member, "all")
    assert len(every["params"]) == 5


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ({"_target_": "torch.optim.Adamw"}, "torch.optim.Adamw: "),
        ({"_target_": "torch.optim.Adam", "beta": 0.9}, "torch.optim.Adam: .*'beta'"),
        ({"_target_": "torch.optim.Muon"}, "torch.optim.Muon: .*2D"),
    ],
)
def test_an_optimizer_that_cannot_be_made_is_one_sentence(optimizer, message):
    member = nn.Conv2d(1, 2, 3)
    with pytest.raises(ConfigError, match=message):
        make_optimizer(member, replace(RECIPE, optimizer=optimizer), one_kernel=False)


def test_stochastic_gradient_descent_keeps_its_momentum_beside_other_arguments():
    recipe = replace(RECIPE, optimizer={"_target_": "torch.optim.SGD", "dampening": 0.1})
    (group,) = make_optimizer(nn.Linear(2, 3), recipe, one_kernel=False).param_groups
    assert (group["momentum"], group["dampening"]) == (RECIPE.momentum, 0.1)


def test_an_optimizer_without_weight_decay_is_for_recipes_without():
    recipe = replace(RECIPE, optimizer={"_target_": "torch.optim.Rprop"}, weight_decay=0.0)
    make_optimizer(nn.Linear(2, 3), recipe, one_kernel=True)
    with pytest.raises(ConfigError, match="weight_decay"):
        make_optimizer(nn.Linear(2, 3), replace(recipe, weight_decay=0.1), one_kernel=True)


def test_what_is_no_optimizer_is_one_sentence():
    recipe = replace(RECIPE, optimizer={"_target_": "torch.optim.Adam", "_partial_": True})
    with pytest.raises(ConfigError, match="expected an optimizer of torch's kind"):
        make_optimizer(nn.Linear(2, 3), recipe, one_kernel=False)
