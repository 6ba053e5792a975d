"""The learning rate of every step, by the recipe's schedule or by one of torch's schedulers."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.config.schedule import SCHEDULER, warmup_share
from ensemble_switchover.config.targets import TARGET, make_part
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.config.recipe import Recipe

SCHEDULER_KEY = "recipe.schedule.scheduler"


def learning_rates(recipe: Recipe, steps_per_epoch: int) -> Callable[[int, int], float]:
    """Return the function of the learning rate at an epoch and a step of it, both from 0.

    Raises:
        ConfigError: if torch's scheduler cannot be made, or moves more than the rate.
    """
    if recipe.schedule.name != SCHEDULER:
        return partial(recipe.learning_rate_at, steps_per_epoch=steps_per_epoch)
    by_epoch = recipe.schedule.interval == "epoch"
    rates = _rates_of_scheduler(recipe, recipe.epochs * (1 if by_epoch else steps_per_epoch))

    def rate_at(epoch: int, step: int = 0) -> float:
        passed = epoch * steps_per_epoch + step
        share = warmup_share(recipe.schedule, passed, steps_per_epoch)
        # a timing pass may take more steps than the training
        return rates[min(epoch if by_epoch else passed, len(rates) - 1)] * share

    return rate_at


def _rates_of_scheduler(recipe: Recipe, number: int) -> list[float]:
    """Let torch's scheduler take its steps on an optimizer of no weights, and note the rates.

    So a training that goes on from a checkpoint has the same rates as one that does not.
    """
    momentum = recipe.momentum or 0.9
    weights = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=recipe.learning_rate, momentum=momentum)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch asks for steps of the optimizer between
        scheduler = make_part(SCHEDULER_KEY, recipe.schedule.scheduler, optimizer)
        stated = f"{SCHEDULER_KEY}.{TARGET}={recipe.schedule.scheduler[TARGET]}"
        rates, momenta = [], set()
        settings = optimizer.param_groups[0]
        try:
            for _ in range(number):
                rates.append(float(settings["lr"]))
                momenta.add(settings["momentum"])
                scheduler.step()
        except Exception as error:  # whatever a scheduler raises
            raise ConfigError(
                f"{stated}: fails after {len(rates)} of {number} steps: {error}"
            ) from error
    if momenta - {momentum}:
        raise ConfigError(
            f"{stated}: moves the momentum as well; expected "
            f"+{SCHEDULER_KEY}.cycle_momentum=false beside it"
        )
    return rates
