"""The design space of a record: family, images and budgets as the solver takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.design import Budget, ImageTask, make_family
from ensemble_switchover.design.families import known_families

if TYPE_CHECKING:
    from ensemble_switchover.design import Family
    from ensemble_switchover.results.record import BudgetRecord, DatasetRecord, DesignRecord


def recorded_family(design: DesignRecord) -> Family | str:
    """Return the family of a record, or what of it this version does not know."""
    if design.family not in known_families():
        return "family"
    try:
        return make_family(design.family, design.family_options)
    except TypeError:
        return "options of the family"


def recorded_task(data: DatasetRecord) -> ImageTask:
    """Return the images and classes that a network is made for."""
    return ImageTask(data.channels, data.image_size, data.num_classes)


def recorded_budget(budget: BudgetRecord) -> Budget:
    """Return the budget of a record."""
    return Budget(budget.depth, budget.width, budget.parameters)
