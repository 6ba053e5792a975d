"""The optimizer of one member, or of the fused weights of several."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from ensemble_switchover.config.make_recipe import SGD as SGD_NAME
from ensemble_switchover.config.targets import TARGET, find_part, make_part
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.training.precision import Precision

ONE_KERNEL = frozenset(f"torch.optim.{name}" for name in ("Adam", "AdamW", "Adagrad"))
"""Optimizers besides plain SGD of which torch has a kernel that updates all weights at once."""


def make_optimizer(
    network: nn.Module, recipe: Recipe, *, one_kernel: bool, rate: float | Tensor | None = None
) -> Optimizer:
    """Make the optimizer of a recipe for the parameters of a network.

    Args:
        network: One member, or the fused network of several.
        recipe: Names the optimizer, its learning rate and its weight decay.
        one_kernel: Whether one fused kernel computes an update and handles overflows, where torch
            has one; otherwise torch chooses.
        rate: The learning rate, such as a tensor on the device; None: the recipe's.

    Raises:
        ConfigError: if the optimizer cannot be made.
    """
    settings: dict[str, Any] = {"lr": recipe.learning_rate if rate is None else rate}
    groups = parameter_groups(network, recipe.decay)
    name = recipe.optimizer.get(TARGET, SGD_NAME)
    if recipe.weight_decay or _takes(name, "weight_decay"):
        settings["weight_decay"] = recipe.weight_decay
    if name == SGD_NAME:
        settings |= {"momentum": recipe.momentum, "nesterov": recipe.nesterov}
    if not recipe.optimizer:
        return SGD(groups, **settings, fused=one_kernel or None)
    if one_kernel and name in ONE_KERNEL:
        settings["fused"] = True
    optimizer = make_part("recipe.optimizer", recipe.optimizer, groups, **settings)
    if not isinstance(optimizer, Optimizer):
        raise ConfigError(
            f"recipe.optimizer.{TARGET}={name}: expected an optimizer of torch's kind, found "
            f"{type(optimizer).__name__}"
        )
    return optimizer


def optimizer_of_member(
    member: nn.Module, recipe: Recipe, plan: ExecutionPlan, precision: Precision
) -> Optimizer:
    """Make the optimizer of one member as a plan executes it.

    With channels last, or where the loss is scaled, one fused kernel computes an update and handles
    overflows.
    """
    one_kernel = plan.channels_last or precision.scales_loss
    optimizer = make_optimizer(member, recipe, one_kernel=one_kernel)
    if one_kernel:
        start_momentum(optimizer)
    return optimizer


def load_state(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """Let an optimizer go on from a state, bit for bit.

    Torch brings all but counts of steps to the type of the weights, which a running product in
    single precision, such as NAdam's, is not where the weights are in double precision.
    """
    optimizer.load_state_dict(dict(state))
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    for number, saved in state["state"].items():
        held = optimizer.state[parameters[number]]
        for name, value in saved.items():
            if isinstance(value, Tensor) and held[name].dtype != value.dtype:
                held[name] = value.to(held[name].device, copy=True)


def parameter_groups(network: nn.Module, decay: str) -> list[dict[str, Any]]:
    """Divide parameters into those with and those without weight decay.

    Args:
        network: One member, or the fused network of several.
        decay: `all`, or `weights`: all but those of batch norms, and biases.
    """
    if decay == "all":
        return [{"params": list(network.parameters())}]
    weights: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for parameter, is_weight in _parameters(network):
        (weights if is_weight else others).append(parameter)
    return [{"params": weights}, {"params": others, "weight_decay": 0.0}]


def start_momentum(optimizer: Optimizer) -> None:
    """Begin the momentum of stochastic gradient descent at zero.

    Torch leaves its own uninitialised if an overflow skips the first step. With dampening, which
    torch does not apply to the first step, it begins as torch's.
    """
    if not isinstance(optimizer, SGD):
        return
    for group in optimizer.param_groups:
        begins_at_zero = group["momentum"] and not group["dampening"]
        for parameter in group["params"] if begins_at_zero else ():
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)


def _takes(name: str, argument: str) -> bool:
    """Return whether an optimizer takes an argument, as far as that can be known."""
    try:
        parameters = signature(find_part("recipe.optimizer", name)).parameters
    except (TypeError, ValueError):
        return True
    return argument in parameters or any(
        parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()
    )


def _parameters(network: nn.Module) -> Iterator[tuple[nn.Parameter, bool]]:
    """Return each parameter, and whether it is a weight of a layer and no norm's or bias."""
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            yield parameter, name == "weight" and not isinstance(module, nn.BatchNorm2d)
