"""The optimizer of one member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.optim import SGD

if TYPE_CHECKING:
    from torch import nn

    from ensemble_switchover.recipe import Recipe


def make_optimizer(member: nn.Module, recipe: Recipe, *, one_kernel: bool = False) -> SGD:
    """Make stochastic gradient descent as the recipe has it; weight decay on every parameter.

    `one_kernel` updates with one kernel for all that is to be computed; else as torch chooses.
    """
    return SGD(
        member.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        fused=one_kernel or None,
    )
