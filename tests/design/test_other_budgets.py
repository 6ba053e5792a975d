"""Smaller budgets and budgets between, against a search through all networks."""

import pytest

from ensemble_switchover.design import (
    FAMILIES,
    BudgetRule,
    DesignClass,
    ImageTask,
    budget_of_network,
    make_family,
)
from ensemble_switchover.design.other_budgets import budget_between, has_ensemble, smaller_budget

TASK = ImageTask(1, 8, 10)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("design_class", [DesignClass.DEQ, DesignClass.WEQ])
def test_a_smaller_budget_has_the_ensemble_and_is_about_half_as_large(family, design_class):
    network = make_family(family, {})
    budget = budget_of_network(network, network.default_depth, network.default_width, TASK)
    found = smaller_budget(network, budget, TASK, design_class, 2)
    assert found is not None
    assert found.parameters < budget.parameters
    assert has_ensemble(network, found, TASK, design_class, 2)
    narrower = [
        budget_of_network(network, budget.depth, width, TASK) for width in range(1, budget.width)
    ]
    half = [
        b.parameters
        for b in narrower
        if b.parameters <= budget.parameters // 2
        and has_ensemble(network, b, TASK, design_class, 2)
    ]
    if half and found.depth == budget.depth:
        assert found.parameters == max(half)


def test_where_no_ensemble_is_smaller_there_is_no_budget():
    resnet = make_family("resnet", {})
    budget = budget_of_network(resnet, 8, 1, TASK)
    assert smaller_budget(resnet, budget, TASK, DesignClass.DEQ, 4) is None
    assert smaller_budget(resnet, budget, TASK, DesignClass.WEQ, 4) is None


def test_a_wide_network_of_the_smallest_width_becomes_shallower():
    wide = make_family("wide_resnet", {})
    budget = budget_of_network(wide, 28, 1, TASK)
    found = smaller_budget(wide, budget, TASK, DesignClass.WEQ, 2)
    assert found is not None
    assert (found.width, found.depth < 28) == (1, True)
    assert smaller_budget(wide, budget, TASK, DesignClass.DEQ, 2) is None


def test_a_smaller_budget_follows_the_rule_of_the_members():
    resnet = make_family("resnet", {})
    budget = budget_of_network(resnet, 26, 4, TASK)
    by_rule = smaller_budget(resnet, budget, TASK, DesignClass.DEQ, 4)
    nearest = smaller_budget(resnet, budget, TASK, DesignClass.DEQ, 4, BudgetRule.NEAREST)
    assert by_rule is not None
    assert nearest is not None
    assert nearest.parameters < by_rule.parameters


def test_no_budget_lies_between_neighbours_or_depths():
    resnet = make_family("resnet", {})
    at = {w: budget_of_network(resnet, 26, w, TASK) for w in (8, 9)}
    assert budget_between(resnet, at[8], at[9], TASK) is None
    deeper = budget_of_network(resnet, 32, 16, TASK)
    assert budget_between(resnet, at[8], deeper, TASK) is None
