"""The budget of a run, stated as a network or as a number of parameters."""

import pytest

from ensemble_switchover.errors import ConfigError
from tests.config.resolving import resolve_with


@pytest.mark.parametrize(
    ("arch", "depth", "width"), [("densenet", 40, 12), ("resnet", 26, 8), ("wide_resnet", 28, 4)]
)
def test_absent_knobs_are_the_familys_own(arch, depth, width):
    budget = resolve_with(f"arch={arch}", "dataset=cifar10").budget
    assert (budget.depth, budget.width) == (depth, width)


def test_a_budget_of_parameters_resolves_along_either_knob():
    overrides = ("dataset=cifar10", "budget=parameters", "budget.parameters=270k")
    wide = resolve_with(*overrides, "budget.depth=20")
    assert (wide.budget.depth, wide.budget.width, wide.budget.parameters) == (20, 16, 269_722)
    deep = resolve_with(*overrides, "budget.width=16", "budget.along=depth")
    assert (deep.budget.depth, deep.budget.width) == (20, 16)


def test_a_knob_that_is_sought_cannot_be_given():
    overrides = ("budget=parameters", "budget.parameters=1M")
    with pytest.raises(ConfigError, match=r"budget.width=3: .* expected budget.depth="):
        resolve_with(*overrides, "budget.width=3")
    with pytest.raises(ConfigError, match=r"budget.depth=20: .* expected budget.width="):
        resolve_with(*overrides, "budget.along=depth", "budget.depth=20")


def test_a_budget_stated_in_another_way_is_the_same_cell():
    overrides = ("dataset=cifar10", "budget.depth=20")
    by_network = resolve_with(*overrides, "budget.width=16")
    by_parameters = resolve_with(*overrides, "budget=parameters", "budget.parameters=269722")
    assert by_network.fingerprint == by_parameters.fingerprint
    assert by_network.name == by_parameters.name
