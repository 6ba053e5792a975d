"""The loss of every member on its own batch.

Dimensions: m members of a step, B images of a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensemble_switchover.config.targets import TARGET, make_part
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.config.recipe import Recipe


def make_loss(recipe: Recipe) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function of logits and labels that gives every member's loss.

    It maps logits (m, B, classes) and labels, either classes (m, B) or shares of all classes
    (m, B, classes), to losses (m,).

    Raises:
        ConfigError: if the recipe's own loss cannot be made.
    """
    smoothing = recipe.label_smoothing
    if recipe.loss:
        return _own_loss(recipe)

    def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
        if labels.is_floating_point():
            labels = labels.to(logits.dtype)
        if len(logits) == 1:
            alone = functional.cross_entropy(logits[0], labels[0], label_smoothing=smoothing)
            return alone[None]
        losses = functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(0, 1), reduction="none", label_smoothing=smoothing
        )
        return losses.view(labels.shape[:2]).mean(dim=1)

    return cross_entropy


def _own_loss(recipe: Recipe) -> Callable[[Tensor, Tensor], Tensor]:
    name = recipe.loss[TARGET]
    loss = make_part("recipe.loss", recipe.loss)
    if not callable(loss):
        raise ConfigError(
            f"recipe.loss.{TARGET}={name}: expected a loss that is called with logits and labels, "
            f"found {type(loss).__name__}"
        )

    has_tensors = isinstance(loss, nn.Module) and bool(loss.state_dict())

    def of_each(logits: Tensor, labels: Tensor) -> Tensor:
        if has_tensors:  # such as a weight of every class
            dtype = torch.float64 if logits.dtype == torch.float64 else None
            loss.to(device=logits.device, dtype=dtype)
        losses = [loss(own, label) for own, label in zip(logits, labels, strict=True)]
        if any(not isinstance(one, Tensor) or one.dim() != 0 for one in losses):
            raise ConfigError(
                f"recipe.loss.{TARGET}={name}: expected one number for a batch, such as the mean "
                f"over its images"
            )
        return torch.stack(losses)

    return of_each
