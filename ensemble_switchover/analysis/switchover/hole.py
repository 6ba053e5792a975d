"""Why a design class has no run at a budget: no such network exists, or it was not run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.recorded_design import (
    recorded_budget,
    recorded_family,
    recorded_task,
)
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.design import BudgetRule, DesignClass, solve
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.results.record import BudgetRecord, Record


class HoleKind(Enum):
    """The two reasons for a hole."""

    NO_DESIGN = "no such design"
    """No network of the class is small enough for the budget."""
    NOT_RUN = "not run"
    """The design exists but has no finished run."""


@dataclass(frozen=True, slots=True)
class GridHole:
    """A budget at which a design class has no run."""

    design_class: DesignClassName
    column: int
    """Index of the budget in the grid."""
    budget: BudgetRecord
    kind: HoleKind
    reason: str
    """The reason in one line."""


def find_holes(comparison: Comparison, grid: ErrorGrid) -> list[GridHole]:
    """List the holes of a comparison, each with its reason.

    A class without any run was left out of the study on purpose; only its budgets for which no
    network exists are listed.
    """
    if comparison.source is None:
        return []
    holes = []
    for design_class in DESIGN_CLASSES:
        for column, budget in enumerate(grid.budgets):
            if (design_class, column) in grid.curves:
                continue
            kind, reason = _find_reason(comparison.records[0], budget, design_class, comparison)
            if kind is HoleKind.NO_DESIGN or grid.has(design_class):
                holes.append(GridHole(design_class, column, budget, kind, reason))
    return holes


def count_too_small(holes: Sequence[GridHole], design_class: DesignClassName) -> int:
    """Count the smallest budgets for which no network of a class exists."""
    without = {
        hole.column
        for hole in holes
        if hole.design_class == design_class and hole.kind is HoleKind.NO_DESIGN
    }
    column = 0
    while column in without:
        column += 1
    return column


def _find_reason(
    record: Record, budget: BudgetRecord, design_class: DesignClassName, comparison: Comparison
) -> tuple[HoleKind, str]:
    if design_class == "single":
        return (
            HoleKind.NOT_RUN,
            "the folder has no finished run of the single network that defines the budget",
        )
    family = recorded_family(record.design)
    if isinstance(family, str):
        return HoleKind.NOT_RUN, f"no finished run, and this version does not know the {family}"
    try:
        solve(
            family,
            recorded_budget(budget),
            DesignClass(design_class),
            comparison.k,
            recorded_task(record.dataset),
            BudgetRule(comparison.source),
        )
    except DesignError as error:
        return HoleKind.NO_DESIGN, str(error)
    return HoleKind.NOT_RUN, "the design exists, but the folder has no finished run of it"
