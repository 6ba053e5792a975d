"""The parts of a record that follow from the resolved run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.dataset_spec import without_idle
from ensemble_switchover.results.record import (
    BudgetRecord,
    DatasetRecord,
    DesignRecord,
    RecipeRecord,
)
from ensemble_switchover.results.run_columns import read_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.study import MissingDesign


def spec_facts(spec: RunSpec, environment: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the facts of a run that are known before it has a record, as flat columns.

    Args:
        spec: The run.
        environment: Fields of `EnvironmentRecord`, as far as they are known.
    """
    requested = {
        "execution_requested": spec.execution.name,
        "precision": spec.precision,
        "compiled": spec.compile,
    }
    facts = read_facts(
        {
            "run": spec,
            "design": design_record(spec),
            "dataset": dataset_record(spec, spec.sizes.train, spec.sizes.evaluated, ()),
            "budget": budget_record(spec),
            "recipe": recipe_record(spec),
            "environment": {**requested, **(environment or {})},
        }
    )
    return {name: value for name, value in facts.items() if value is not None}


def missing_design_facts(missing: MissingDesign) -> dict[str, Any]:
    """Return the facts of a design that does not exist, as flat columns."""
    return read_facts(
        {
            "design": {
                "family": missing.family,
                "design_class": missing.design_class,
                "k": missing.k,
            },
            "dataset": {"name": missing.dataset},
            "budget": missing.budget,
        }
    )


def budget_record(spec: RunSpec) -> BudgetRecord:
    """Describe the single network that states the budget."""
    return BudgetRecord(**asdict(spec.budget))


def recipe_record(spec: RunSpec) -> RecipeRecord:
    """Describe the training hyperparameters."""
    values = {**asdict(spec.recipe), "drops": list(spec.recipe.drops)}
    return RecipeRecord(**{**values, "schedule": spec.recipe.additions.get("schedule", {})})


def design_record(spec: RunSpec) -> DesignRecord:
    """Describe the networks that are trained."""
    design = spec.design
    return DesignRecord(
        family=spec.family.name,
        family_options=spec.family.options,
        design_class=design.design_class.value,
        depth=design.depth,
        width=design.width,
        k=design.k,
        member_parameters=design.member_parameters,
        parameters=design.parameters,
        budget_fill=design.budget_fill,
        member_flops=design.member_flops,
        source=spec.source.value,
    )


def dataset_record(
    spec: RunSpec,
    num_train_images: int,
    num_measured_images: int,
    remarks: Sequence[str],
    content: str | None = None,
) -> DatasetRecord:
    """Describe the images as they are used."""
    on_test = spec.sizes.evaluated_on == "test"
    used = without_idle(spec.dataset)
    return DatasetRecord(
        name=spec.dataset.name,
        num_classes=spec.task.num_classes,
        channels=spec.task.channels,
        image_size=spec.task.size,
        train_size=num_train_images,
        test_size=num_measured_images if on_test else 0,
        validation_size=spec.sizes.validation,
        evaluated_on="test" if on_test else "validation",
        augmentation=spec.dataset.augmentation,
        crop_padding=used.crop_padding,
        flip=used.flip,
        split_seed=used.split_seed,
        normalisation="scaled" if spec.dataset.normalisation == "scaled" else "standardised",
        **_randaugment(spec),
        options=spec.dataset_options,
        remarks=[*spec.remarks, *remarks],
        content=content,
    )


def _randaugment(spec: RunSpec) -> dict[str, int]:
    if spec.dataset.augmentation != "randaugment":
        return {}
    return {
        "randaugment_ops": spec.dataset.randaugment_ops,
        "randaugment_magnitude": spec.dataset.randaugment_magnitude,
    }
