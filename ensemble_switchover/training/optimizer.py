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
    """Make stochastic gradient descent as the recipe has it; weight decay on every parameter.

    Channels last, and where the loss is scaled, one kernel computes an update and heeds overflows;
    else it is computed as torch chooses.
    """
    one_kernel = plan.channels_last or precision.scales_loss
    optimizer = SGD(
        member.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        fused=one_kernel or None,
    )
    if one_kernel:
        for parameter in member.parameters():
            # torch's own would hold anything after a first step that was left out
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer
