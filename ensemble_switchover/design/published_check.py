"""Compare the paper's Tables B to D with its inequality `k * |E| <= |S|`, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.design.budget import Budget, budget_of_network
from ensemble_switchover.design.published import PUBLISHED_K, published_rows, published_table
from ensemble_switchover.design.solver import BudgetRule, Design, DesignClass, solve
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.design.family import Family, ImageTask


@dataclass(frozen=True, slots=True)
class PublishedRowCheck:
    """One ensemble of a table: the printed design beside the one that the inequality gives."""

    budget: Budget
    printed: Design
    solved: Design | None
    """The largest design under the inequality; None if there is none."""

    @property
    def design_class(self) -> DesignClass:
        """The ensemble's design class, deq or weq."""
        return self.printed.design_class

    @property
    def agrees(self) -> bool:
        """Whether the printed and the solved design are equal."""
        return self.printed == self.solved

    @property
    def overspends(self) -> bool:
        """Whether the printed design has more parameters than its budget."""
        return self.printed.parameters > self.budget.parameters


def compare_with_paper(family: Family, task: ImageTask) -> list[PublishedRowCheck]:
    """Recompute the family's table for a data set, with one check of weq and one of deq per row.

    Raises:
        DesignError: if the paper has no table for the family.
    """
    comparisons = []
    for row in published_rows(family.name):
        budget = budget_of_network(family, row.single_depth, row.single_width, task)
        for design_class in (DesignClass.WEQ, DesignClass.DEQ):
            request = (family, budget, design_class, PUBLISHED_K, task)
            try:
                solved = solve(*request)
            except DesignError:
                solved = None
            comparisons.append(
                PublishedRowCheck(budget, solve(*request, BudgetRule.PUBLISHED), solved)
            )
    return comparisons


def agreement_line(family: Family, comparisons: Sequence[PublishedRowCheck]) -> str:
    """Summarise in one line how many rows of a table agree with the inequality.

    >>> from ensemble_switchover.design import ImageTask, make_family
    >>> family = make_family("wide_resnet", {})
    >>> agreement_line(family, compare_with_paper(family, ImageTask(3, 32, 10)))
    'Table D: 9 of 9 rows as printed (9 of 9 weq depths, 9 of 9 deq widths)'
    """
    depths = [entry for entry in comparisons if entry.design_class is DesignClass.WEQ]
    widths = [entry for entry in comparisons if entry.design_class is DesignClass.DEQ]
    both = sum(d.agrees and w.agrees for d, w in zip(depths, widths, strict=True))
    rows = len(depths)
    line = (
        f"Table {published_table(family.name)}: {both} of {rows} rows as printed "
        f"({sum(entry.agrees for entry in depths)} of {rows} weq depths, "
        f"{sum(entry.agrees for entry in widths)} of {rows} deq widths)"
    )
    excess = [100 * (entry.printed.budget_fill - 1) for entry in comparisons if entry.overspends]
    if excess:
        line += (
            f"; {len(excess)} of {len(comparisons)} printed designs overspend, "
            f"by {min(excess):.1f} to {max(excess):.1f} %"
        )
    return line
