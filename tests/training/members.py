"""Members trained by each execution, a few steps on random images."""

from dataclasses import replace

import pytest
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.config.recipe import Recipe
from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.networks import build_member
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.optimizer import load_state, optimizer_of_member
from ensemble_switchover.training.precision import Precision

TASK = ImageTask(channels=2, size=8, num_classes=5)

DEVICE = torch.device("cpu")


def made(name, num_members, **options):
    family = make_family(name, options)
    width = 2 if name == "wide_resnet" else 3  # of 16 channels each
    return [
        build_member(family, family.depths[0], width, TASK, seed).double()
        for seed in range(num_members)
    ]


RECIPE = Recipe(
    name="test", epochs=1, batch_size=6, learning_rate=0.05, drops=(), weight_decay=1e-3
)


def executed(plan, members, *, states=(), **changes):
    """Execute members with the recipe of the tests, changed in some fields.

    With `states`, those of their optimizers are taken up.
    """
    recipe = replace(RECIPE, **changes)
    precision = Precision("64", torch.float64)
    optimizers = [optimizer_of_member(member, recipe, plan, precision) for member in members]
    for optimizer, state in zip(optimizers, states, strict=False):
        load_state(optimizer, state)
    execution = EXECUTIONS[plan.within](
        members, optimizers, DEVICE, precision, recipe=recipe, plan=plan
    )
    return execution, optimizers


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
    for plan in candidate_plans(3, num_slots=1)
    if plan != ExecutionPlan()
]
