"""The optimizer of one member."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.optim import SGD

if TYPE_CHECKING:
    from torch import nn

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.training.precision import Precision


def make_optimizer(
    member: nn.Module, recipe: Recipe, plan: ExecutionPlan, precision: Precision
) -> SGD:
    """Make the recipe's stochastic gradient descent, with weight decay on every parameter.

    With channels last, or where the loss is scaled, one fused kernel computes an update and handles
    overflows; otherwise torch chooses.
    """
    one_kernel = plan.channels_last or precision.scales_loss
    optimizer = SGD(
        member.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.nesterov,
        fused=one_kernel or None,
    )
    if one_kernel:
        for parameter in member.parameters():
            # torch leaves its own uninitialised if an overflow skips the first step
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer
