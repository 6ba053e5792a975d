"""From the keys of `recipe` to the recipe of a run, with Table A's values for what is absent."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import asdict, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.recipe_config import BELOW_ONE, PAPERS_RECIPE
from ensemble_switchover.config.schedule import COSINE, ONE_CYCLE, SCHEDULER, STEPS, Schedule
from ensemble_switchover.config.targets import TARGET, stated_part, target_problems
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.config.recipe_config import RecipeConfig, ScheduleConfig

SGD = "torch.optim.SGD"
OF_SGD = ("momentum", "nesterov")
OF_SHAPES = {
    **dict.fromkeys(("start", "peak", "curve"), (ONE_CYCLE,)),
    "end": (COSINE, ONE_CYCLE),
    "interval": (SCHEDULER,),
}
"""Values of a schedule -> the shapes that have them; the others are of all."""
STATED_ELSEWHERE = {
    "lr": "recipe.learning_rate",
    "weight_decay": "recipe.weight_decay",
    "params": "nothing: all parameters of a member are trained",
}
"""Arguments of an optimizer that are not for `recipe.optimizer`, and where they are stated."""
UNUSABLE = {
    "torch.optim.LBFGS": "it computes the loss several times a step",
    "torch.optim.Muon": "it is for matrices alone, and networks have convolutions",
    "torch.optim.SparseAdam": "it is for sparse gradients",
}
WITHOUT_DECAY = ("torch.optim.Rprop",)
"""Optimizers of torch that take no weight decay."""
_INNER_NAME = re.compile(r"torch\.optim\.\w+\.(\w+)")
"""The name of one of torch's optimizers by the module that defines it."""
WHOLE_TENSORS = ("torch.optim.Adafactor",)
"""Optimizers of torch whose update of a weight depends on others of its tensor."""


def make_recipe(table_row: Recipe, asked: RecipeConfig, epochs: int | None) -> Recipe:
    """Return the recipe that a configuration asks for.

    Args:
        table_row: Table A's recipe of the family and data set, for what is absent.
        asked: The keys of `recipe`.
        epochs: The epochs that its schedule is scaled to; None: its own.

    Raises:
        ConfigError: if the values do not go together.
    """
    request = (table_row, asked, epochs)
    for last, recipe in _last:  # the runs of a sweep mostly share their recipe
        if last == request:
            return recipe
    made = _make(*request)
    _last[:] = [(copy.deepcopy(request), made)]
    return made


_last: list[tuple[Any, Recipe]] = []
"""The last request with its recipe; empty at the beginning."""


def _make(table_row: Recipe, asked: RecipeConfig, epochs: int | None) -> Recipe:
    problems = recipe_problems(asked)
    if problems:
        raise ConfigError(*problems)
    recipe = table_row
    if asked.epochs is not None:
        drops = recipe.scaled_to(asked.epochs).drops
        recipe = replace(recipe, epochs=asked.epochs, drops=drops)
    if asked.name != PAPERS_RECIPE:
        recipe = replace(recipe, name=asked.name, nesterov=False)
    if asked.learning_rate is not None:
        recipe = with_rate(recipe, asked.learning_rate)
    recipe = replace(
        recipe,
        **_given(asked, ("batch_size", "weight_decay")),
        decay=asked.decay,
        label_smoothing=asked.label_smoothing,
        mixup=asked.mixup,
        cutmix=asked.cutmix,
        gradient_clip=asked.gradient_clip,
        ema_decay=asked.ema_decay,
        loss=stated_part(asked.loss),
        **_schedule(recipe, asked.schedule),
    )
    name = stated_part(asked.optimizer).get(TARGET)
    if recipe.weight_decay and name in WITHOUT_DECAY:
        raise ConfigError(
            f"recipe.weight_decay={recipe.weight_decay:g}: {name} takes none; expected "
            f"recipe.weight_decay=0"
        )
    scaled = recipe if epochs is None else recipe.scaled_to(epochs)
    return replace(scaled, **_optimizer(asked))


def with_rate(recipe: Recipe, learning_rate: float) -> Recipe:
    """Return a recipe with another highest learning rate; its drops keep their ratios to it."""
    factor = learning_rate / recipe.learning_rate
    drops = tuple((start, rate * factor) for start, rate in recipe.drops)
    return replace(recipe, learning_rate=learning_rate, drops=drops)


def recipe_problems(asked: RecipeConfig) -> list[str]:
    """Return what is wrong with the parts of a recipe, before torch is imported."""
    return [
        *_optimizer_problems(asked),
        *_schedule_problems(asked.schedule),
        *_loss_problems(asked),
    ]


def is_elementwise(optimizer: Mapping[str, Any]) -> bool:
    """Return whether an update of a weight depends on no other weight, as members in one need.

    Those of torch do, but for a few; what others do is not known.

    Args:
        optimizer: The optimizer by `_target_`; empty: stochastic gradient descent.

    >>> is_elementwise({}), is_elementwise({"_target_": "torch.optim.Adafactor"})
    (True, False)
    """
    name = str(optimizer.get(TARGET) or SGD)
    return name.startswith("torch.optim.") and name not in WHOLE_TENSORS


def _optimizer(asked: RecipeConfig) -> dict[str, Any]:
    """Return the fields of the optimizer; stochastic gradient descent has one form only."""
    stated = stated_part(asked.optimizer)
    if stated.get(TARGET, SGD) != SGD:
        return {"optimizer": stated, "momentum": 0.0, "nesterov": False}
    stated.pop(TARGET, None)
    own = {name: stated.pop(name) for name in OF_SGD if name in stated}
    own = {name: value for name, value in own.items() if value is not None}
    optimizer = {TARGET: SGD, **stated} if stated else {}
    return {"optimizer": optimizer, **_given(asked, OF_SGD), **own}


def _given(asked: RecipeConfig, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(asked, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _schedule(recipe: Recipe, asked: ScheduleConfig) -> dict[str, Any]:
    values = asdict(asked)
    drops = values.pop("drops")
    for name, shapes in OF_SHAPES.items():
        if asked.name not in shapes:
            del values[name]  # it decides nothing
    schedule = Schedule(**{**values, "scheduler": stated_part(asked.scheduler)})
    if schedule.name != STEPS:
        return {"schedule": schedule, "drops": ()}
    if drops is None:
        return {"schedule": schedule}
    in_order = sorted(drops, key=itemgetter(0))
    stated = tuple((int(epoch), share * recipe.learning_rate) for epoch, share in in_order)
    return {"schedule": schedule, "drops": stated}


def _optimizer_problems(asked: RecipeConfig) -> list[str]:
    stated = stated_part(asked.optimizer)
    if not stated:
        return []
    key = "recipe.optimizer"
    problems = target_problems(key, stated)
    name = stated.get(TARGET)
    problems += [
        f"{key}.{argument}={stated[argument]}: expected {place}"
        for argument, place in STATED_ELSEWHERE.items()
        if argument in stated
    ]
    inner = _INNER_NAME.fullmatch(str(name))
    if inner:
        problems.append(f"{key}.{TARGET}={name}: expected torch.optim.{inner[1]}")
    if name in UNUSABLE:
        problems.append(f"{key}.{TARGET}={name}: {UNUSABLE[name]}; expected another optimizer")
    momentum = stated.get("momentum") or 0
    is_number = isinstance(momentum, int | float)
    if name == SGD and not (is_number and BELOW_ONE.allows(momentum)):
        problems.append(f"{key}.momentum={momentum}: expected {BELOW_ONE}")
    if name != SGD:
        problems += [
            f"recipe.{argument}={str(getattr(asked, argument)).lower()}: is of stochastic gradient "
            f"descent, and {key}.{TARGET} is {name}; expected recipe.{argument}=null"
            for argument in OF_SGD
            if getattr(asked, argument) is not None
        ]
    return problems


def _schedule_problems(asked: ScheduleConfig) -> list[str]:
    key = "recipe.schedule"
    problems = []
    if asked.name == SCHEDULER:
        problems += target_problems(f"{key}.scheduler", asked.scheduler)
        if str(asked.scheduler.get(TARGET, "")).endswith(".ReduceLROnPlateau"):
            problems.append(
                f"{key}.scheduler.{TARGET}={asked.scheduler[TARGET]}: looks at errors; expected a "
                f"schedule that is known before the training"
            )
    elif stated_part(asked.scheduler):
        problems.append(
            f"{key}.scheduler: is of {key}.name=scheduler, and {key}.name={asked.name} came; "
            f"expected recipe/schedule=scheduler beside it"
        )
    if asked.drops is not None:
        if asked.name != STEPS:
            problems.append(
                f"{key}.drops: is of {key}.name={STEPS}, and {key}.name={asked.name} came"
            )
        if not all(map(_is_drop, asked.drops)):
            problems.append(
                f"{key}.drops={asked.drops}: expected pairs of an epoch and a share of the "
                f"learning rate, such as [[60,0.1],[90,0.01]]"
            )
    return problems


def _is_drop(pair: Any) -> bool:
    """Return whether a value is a pair of an epoch and a share."""
    match pair:
        case [int(epoch), int() | float() as share]:
            return epoch >= 1 and 0 <= share < math.inf
    return False


def _loss_problems(asked: RecipeConfig) -> list[str]:
    if not stated_part(asked.loss):
        return []
    problems = target_problems("recipe.loss", asked.loss)
    if asked.label_smoothing:
        problems.append(
            f"recipe.label_smoothing={asked.label_smoothing:g}: is of the cross-entropy, and "
            f"recipe.loss is another; expected it among the arguments of recipe.loss"
        )
    return problems
