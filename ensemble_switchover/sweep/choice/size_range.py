"""Between what the size of a study of the user's own images may be (no torch)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ensemble_switchover.config.command_line import has_override
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.resolve import read_budget
from ensemble_switchover.config.schema import ParametersBudgetConfig
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.design.budget import parse_parameters
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.sweep.choice.study_size import SizeRange, image_sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.sweep.choice.own_images import OwnImages
    from ensemble_switchover.sweep.choice.study_command import OwnStudy

MIN_CLASSES_COMPARED = 2


def size_range(study: OwnStudy, images: OwnImages, most_parameters: int | None) -> SizeRange:
    """Return between what the size of a study may be, by its overrides and its images.

    Args:
        study: The study, but for its size.
        images: Its images.
        most_parameters: The most parameters of what is to be built; None for any.

    Raises:
        ConfigError: if an override is wrong, or no budget has an ensemble within the parameters.
    """
    stated = study.overrides
    configs = [
        config
        for _, part in compose_overrides(study.with_stated([*study.fixed_overrides(), "seed=0"]))
        for config in part
    ]
    states_budgets = any(entry.startswith(("budget.", "budget=")) for entry in stated)
    used = configs if states_budgets else _existing(configs)
    found = resolve_study(used)
    runs = [(spec, used[i]) for spec, i in zip(found.specs, found.first_asked, strict=True)]
    compared = {(spec.design.design_class, spec.design.k) for spec in found.specs}
    if len(compared) < MIN_CLASSES_COMPARED or all(k == 1 for _, k in compared):
        raise ConfigError(
            "k=, design=: there is nothing to compare with one design class; expected an ensemble "
            "of k=2 or more beside a single network: leave them out"
        )
    states_side = has_override(stated, "dataset.image_size")
    return SizeRange(
        image_sides=image_sides(images.side, found.specs[0].task.size if states_side else None),
        num_classes=images.num_classes,
        train_images=found.specs[0].train_size,
        keeps_all_images=has_override(stated, "dataset.train_size"),
        epochs=max(spec.recipe.epochs for spec in found.specs),
        keeps_epochs=has_override(stated, "epochs"),
        budgets=() if states_budgets else _budgets(runs, most_parameters),
        keeps_budgets=states_budgets,
    )


def _existing(configs: Sequence[Config]) -> list[Config]:
    """Leave out the budgets that are too small for any network of the family.

    Raises:
        ConfigError: as `resolve_study` does, where none is left.
    """
    existing = []
    with reading_once():
        for config in configs:
            with suppress(ConfigError):
                read_budget(config)
                existing.append(config)
    return existing or list(configs)


def _budgets(runs: Sequence[tuple[RunSpec, Config]], most: int | None) -> tuple[int, ...]:
    """Return the budgets at which there is an ensemble, up to the most, which is one of them."""
    budgets = {
        parse_parameters(config.budget.parameters)
        for spec, config in runs
        if isinstance(config.budget, ParametersBudgetConfig) and spec.design.k > 1
    }
    if most is None:
        return tuple(sorted(budgets))
    within = {budget for budget in budgets if budget <= most}
    if budgets and not within:
        raise ConfigError(
            f"--parameters {most}: expected at least {min(budgets):,}, the smallest budget of "
            f"sweep=own at which there is an ensemble; budget.parameters= states others"
        )
    return tuple(sorted({*within, most}))
