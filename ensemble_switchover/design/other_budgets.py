"""Budgets beside those of a study: a smaller one, or one between two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ensemble_switchover.design.budget import Budget, budget_of_network
from ensemble_switchover.design.largest_network import largest_depth, largest_width
from ensemble_switchover.design.solver import BudgetRule, DesignClass, solve
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.family import Family, ImageTask

STEP = 2
"""How many times smaller a smaller budget is."""


def smaller_budget(
    family: Family,
    budget: Budget,
    task: ImageTask,
    design_class: DesignClass,
    k: int,
    source: BudgetRule = BudgetRule.RULE,
) -> Budget | None:
    """Return a budget of at most half the parameters at which an ensemble exists.

    The single network is narrower, or shallower where no narrower one has the ensemble. Where none
    is half as large, the largest of those that are smaller is taken.

    Args:
        family: The family of networks.
        budget: The budget below which one is sought.
        task: The images and classes of the data set.
        design_class: The ensemble's class.
        k: Its number of members.
        source: How its member is chosen.

    Returns:
        The budget; None if the ensemble exists at no smaller one.
    """
    at_most = (budget.parameters // STEP, budget.parameters - 1)
    narrower = [(budget.depth, largest_width(family, budget.depth, n, task)) for n in at_most]
    shallower = [(largest_depth(family, budget.width, n, task), budget.width) for n in at_most]
    for depth, width in (*narrower, *shallower):
        if depth is not None and width is not None:
            found = budget_of_network(family, depth, width, task)
            if has_ensemble(family, found, task, design_class, k, source):
                return found
    return None


def budget_between(family: Family, lower: Budget, upper: Budget, task: ImageTask) -> Budget | None:
    """Return a budget about halfway between two of one depth, by the logarithm; None without any.

    >>> from ensemble_switchover.design import ImageTask, make_family
    >>> resnet, task = make_family("resnet", {}), ImageTask(1, 8, 10)
    >>> lower, upper = (budget_of_network(resnet, 26, width, task) for width in (8, 16))
    >>> budget_between(resnet, lower, upper, task)
    Budget(depth=26, width=11, parameters=173865)
    """
    if lower.depth != upper.depth:
        return None
    middle = math.isqrt(lower.parameters * upper.parameters)
    width = largest_width(family, lower.depth, middle, task)
    if width is None or not lower.width < width < upper.width:
        return None
    return budget_of_network(family, lower.depth, width, task)


def has_ensemble(
    family: Family,
    budget: Budget,
    task: ImageTask,
    design_class: DesignClass,
    k: int,
    source: BudgetRule = BudgetRule.RULE,
) -> bool:
    """Return whether an ensemble exists at a budget; the arguments are those of `solve`."""
    try:
        solve(family, budget, design_class, k, task, source)
    except DesignError:
        return False
    return True
