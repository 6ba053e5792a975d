"""The loss of every member on its own batch.

Dimensions: m members of a step, B images of a batch.
"""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensemble_switchover.config.targets import TARGET, make_part
from ensemble_switchover.errors import ConfigError, TrainingError, first_line
from ensemble_switchover.training.user_callbacks import is_of_code

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
                f"over its images, as a tensor, and {_form(losses[0])} came"
            )
        return torch.stack(losses)

    return of_each


def _form(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of the shape {tuple(value.shape)}"
    return f"one of type {type(value).__name__}"


def loss_fault(error: Exception, recipe: Recipe) -> TrainingError | None:
    """Say that a recipe's own loss has raised an error, and where, or has no gradient.

    Returns:
        None for an error that no such loss has raised, or that is one of the machine's.
    """
    if not recipe.loss or not is_of_code(error):
        return None
    key = f"recipe.loss.{TARGET}={recipe.loss[TARGET]}"
    if _NO_GRADIENT in str(error):
        text = "expected a number that torch's functions compute from the logits, and one without"
        return _caused(TrainingError(f"{key}: {text} a gradient came"), error)
    frames = list(walk_tb(error.__traceback__))
    for number, (frame, _) in enumerate(frames):
        if frame.f_code.co_qualname == f"{_own_loss.__name__}.<locals>.of_each":
            place = ""
            for inner, line in frames[number + 1 :]:
                file = inner.f_code.co_filename
                if file != __file__ and not file.startswith(str(Path(torch.__file__).parent)):
                    place = f" ({Path(file).name}, line {line})"
            said = f"{type(error).__name__}: {first_line(error)}"
            return _caused(TrainingError(f"{key}: fails with {said}{place}"), error)
    return None


def _caused(fault: TrainingError, error: Exception) -> TrainingError:
    fault.__cause__ = error  # which the log of the run has too
    return fault


_NO_GRADIENT = "does not require grad and does not have a grad_fn"
"""What torch says of a loss that does not depend on the weights."""
