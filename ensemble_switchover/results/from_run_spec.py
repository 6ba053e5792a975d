"""What a record tells of its run's request, from the resolved cell."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ensemble_switchover.config.dataset_spec import without_idle
from ensemble_switchover.results.record import (
    BudgetRecord,
    DatasetRecord,
    DesignRecord,
    RecipeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.run_spec import Cell


def budget_record(cell: Cell) -> BudgetRecord:
    """Tell the single network that states the budget."""
    return BudgetRecord(**asdict(cell.budget))


def recipe_record(cell: Cell) -> RecipeRecord:
    """Tell the training hyperparameters."""
    return RecipeRecord(**{**asdict(cell.recipe), "drops": list(cell.recipe.drops)})


def design_record(cell: Cell) -> DesignRecord:
    """Tell the networks that are trained."""
    design = cell.design
    return DesignRecord(
        family=cell.family.name,
        family_options=cell.family.options,
        design_class=design.design_class.value,
        depth=design.depth,
        width=design.width,
        k=design.k,
        member_parameters=design.member_parameters,
        parameters=design.parameters,
        budget_fill=design.budget_fill,
        member_flops=design.member_flops,
        source=cell.source.value,
    )


def dataset_record(
    cell: Cell, num_train_images: int, num_measured_images: int, remarks: Sequence[str]
) -> DatasetRecord:
    """Tell the images as they are used."""
    on_test = cell.sizes.evaluated_on == "test"
    used = without_idle(cell.dataset)
    return DatasetRecord(
        name=cell.dataset.name,
        num_classes=cell.task.num_classes,
        channels=cell.task.channels,
        image_size=cell.task.size,
        train_size=num_train_images,
        test_size=num_measured_images if on_test else 0,
        validation_size=cell.sizes.validation,
        evaluated_on="test" if on_test else "validation",
        augmentation=cell.dataset.augmentation,
        crop_padding=used.crop_padding,
        flip=used.flip,
        split_seed=used.split_seed,
        **_randaugment(cell),
        options=cell.dataset_options,
        remarks=list(remarks),
    )


def _randaugment(cell: Cell) -> dict[str, int]:
    if cell.dataset.augmentation != "randaugment":
        return {}
    return {
        "randaugment_ops": cell.dataset.randaugment_ops,
        "randaugment_magnitude": cell.dataset.randaugment_magnitude,
    }
