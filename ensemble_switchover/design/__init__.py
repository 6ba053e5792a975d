"""The design space: families of networks, exact counts, budgets and the solver (no torch)."""

from ensemble_switchover.design.budget import Budget, budget_of_network, budget_of_parameters
from ensemble_switchover.design.families import FAMILIES, make_family, register_family
from ensemble_switchover.design.family import Family, ImageTask
from ensemble_switchover.design.solver import BudgetRule, Design, DesignClass, solve

__all__ = [
    "FAMILIES",
    "Budget",
    "BudgetRule",
    "Design",
    "DesignClass",
    "Family",
    "ImageTask",
    "budget_of_network",
    "budget_of_parameters",
    "make_family",
    "register_family",
    "solve",
]
