"""From the configuration of a run to the run spec: its family, budget, design, data and recipe."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.batch_sizes import batch_sizes, is_spread
from ensemble_switchover.config.budget import make_budget
from ensemble_switchover.config.callbacks import callback_notes, chosen_callbacks
from ensemble_switchover.config.dataset_facts import dataset_facts, with_facts
from ensemble_switchover.config.dataset_spec import split_sizes
from ensemble_switchover.config.evaluated_epochs import evaluation_notes
from ensemble_switchover.config.make_recipe import make_recipe
from ensemble_switchover.config.published_images import whole_side_of
from ensemble_switchover.config.recipe_config import PAPERS_RECIPE
from ensemble_switchover.config.run_spec import RunSpec
from ensemble_switchover.config.table_a import table_a
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.config.validation import config_problems, dataset_problems
from ensemble_switchover.design import BudgetRule, DesignClass, ImageTask, make_family, solve
from ensemble_switchover.design.layers import BatchNorm
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import user_path
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from ensemble_switchover.config.dataset_spec import SplitSizes
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.config.schema import ArchConfig, Config
    from ensemble_switchover.design import Budget, Design, Family

OVERSPENT = 1.1
"""The budget fill above which the run has a note."""


def resolve(config: Config) -> RunSpec:
    """Resolve and check one configuration.

    Raises:
        ConfigError: naming every problem found, its key, what was expected and what came.
    """
    config, family, task, budget, remarks = _check(config)
    dataset, design_class = config.dataset, DesignClass(config.design_class.name)
    source = BudgetRule(config.budget.source)
    design = solve(family, budget, design_class, config.k, task, source)
    recipe = table_a(family.name, dataset.base or dataset.name)
    sizes = split_sizes(dataset)
    adjusted = make_recipe(recipe, config.recipe, config.epochs)
    _refuse_lone_image(family, design, task, adjusted.batch_size)
    if is_spread(sizes.train, adjusted.batch_size):
        adjusted = replace(adjusted, name=f"{adjusted.name}, last images spread over the batches")
        remarks = (*remarks, _spread_remark(sizes.train, adjusted.batch_size))
    return RunSpec(
        family=family,
        task=task,
        budget=budget,
        design=design,
        source=BudgetRule.RULE if design_class is DesignClass.SINGLE else source,
        dataset=dataset,
        sizes=sizes,
        recipe=adjusted,
        seed=config.seed,
        evaluate_every=config.evaluate_every,
        execution=config.execution,
        trainer=config.trainer,
        callbacks=chosen_callbacks(config.callbacks),
        precision=config.precision,
        compile=config.compile,
        device=config.device,
        threads=config.threads,
        measurement=config.measurement,
        metrics=config.metrics,
        study=config.study,
        results=user_path(config.results),
        notes=(
            *_notes(config, family, design, recipe, sizes),
            *_warmup_notes(config, adjusted),
            *evaluation_notes(config.evaluate_every, config.record.predictions, adjusted),
            *callback_notes(chosen_callbacks(config.callbacks), sizes.evaluated_on),
        ),
        remarks=remarks,
    )


def read_budget(config: Config) -> tuple[Family, ImageTask, Budget]:
    """Return what a configuration builds, for which images, and under which budget.

    Raises:
        ConfigError: if an option of the family or a knob of the single network is wrong.
    """
    return _read_budget(replace(config, dataset=with_facts(config.dataset)))


def _check(config: Config) -> tuple[Config, Family, ImageTask, Budget, tuple[str, ...]]:
    """Find all problems before the design is solved; fill in the facts about the data set."""
    problems = config_problems(config)
    try:
        facts = dataset_facts(config.dataset)
        config = replace(config, dataset=facts.dataset)
        dataset = config.dataset
        problems += dataset_problems(dataset)
        if min(dataset.channels, dataset.image_size, dataset.num_classes) < 1:
            raise ConfigError(*problems)  # there is no network for such images
        found = _read_budget(config)
    except ConfigError as error:
        raise ConfigError(*dict.fromkeys([*problems, *error.args])) from error
    if problems:
        raise ConfigError(*problems)
    return config, *found, facts.remarks


def _read_budget(config: Config) -> tuple[Family, ImageTask, Budget]:
    dataset = config.dataset
    task = ImageTask(dataset.channels, dataset.image_size, dataset.num_classes)
    family = _family(config.arch)
    return family, task, make_budget(config.budget, family, task)


def _family(arch: ArchConfig) -> Family:
    described = type(arch)()
    for key in ("family", TARGET):
        given, chosen = getattr(arch, key, None), getattr(described, key, None)
        if given != chosen:
            raise ConfigError(f"arch.{key}={given}: expected {chosen}; arch= chooses a family")
    names = [option.name for option in fields(arch) if option.name not in ("family", TARGET)]
    return make_family(arch.family, {name: getattr(arch, name) for name in names})


def _notes(
    config: Config, family: Family, design: Design, recipe: Recipe, sizes: SplitSizes
) -> list[str]:
    """Say how the request was read, where the user may not expect it."""
    notes = []
    if design.design_class is DesignClass.SINGLE and config.k != 1:
        notes.append(f"design=single is one network: k={config.k} is taken as k=1")
    if design.budget_fill > OVERSPENT:
        notes.append(
            f"the design has {100 * design.budget_fill:.0f} % of the parameters of its budget"
        )
    if config.recipe.name == PAPERS_RECIPE and recipe.name.startswith("Table A,"):
        notes.append(
            f"Table A has no row for {family.name} on {config.dataset.name}; used is "
            f"{recipe.name.removeprefix('Table A, ')}"
        )
    side = whole_side_of(config.dataset)
    if side is not None and config.dataset.image_size < side:
        reduced = config.dataset.image_size
        notes.append(
            f"dataset.image_size={reduced}: images of {side}x{side} pixels are reduced to "
            f"{reduced}x{reduced}, each pixel the mean over its area"
        )
    if sizes.evaluated_on == "validation":
        notes.append(
            f"measured on {sizes.validation} validation images, held out of the training images; "
            f"the test images are not touched"
        )
    return notes


def _warmup_notes(config: Config, used: Recipe) -> list[str]:
    """Say how long a warm-up is that was scaled with the rest of its schedule."""
    asked, scaled = config.recipe.schedule.warmup_epochs, used.schedule.warmup_epochs
    if asked == scaled:
        return []
    return [
        f"epochs={used.epochs}: the whole schedule is scaled, its warm-up from {asked:g} to "
        f"{scaled:.3g} epochs; recipe.epochs={used.epochs} beside it leaves it as it is"
    ]


def _refuse_lone_image(family: Family, design: Design, task: ImageTask, batch_size: int) -> None:
    """Refuse a batch of one image where a batch norm would see one number for each channel."""
    if batch_size != 1:
        return
    operations = family.trace(design.depth, design.width, task)
    if any(isinstance(op.layer, BatchNorm) and op.input_shape.size == 1 for op in operations):
        raise ConfigError(
            f"recipe.batch_size=1: batch norm cannot take a batch of one image where a "
            f"{family.name} has maps of one pixel; expected 2 or more"
        )


def _spread_remark(train_size: int, batch_size: int) -> str:
    sizes = batch_sizes(train_size, batch_size)
    left, equal = train_size % batch_size, sizes[0] == sizes[-1]
    return (
        f"{count(left, 'training image')} would be left for a last batch, too few for batch norm: "
        f"the {train_size:,} images are spread over {len(sizes):,} batches of {sizes[0]}"
        f"{'' if equal else f' or {sizes[-1]}'}"
    )
