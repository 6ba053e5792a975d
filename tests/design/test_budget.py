"""Budgets, given as a network or as a number of parameters."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.design import (
    ImageTask,
    budget_of_network,
    budget_of_parameters,
    make_family,
)
from ensemble_switchover.design.budget import parse_parameters
from ensemble_switchover.design.family import MAX_DEPTH
from ensemble_switchover.errors import ConfigError, DesignError

DIGITS = ImageTask(channels=1, size=8, num_classes=10)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("269722", 269_722),
        ("1", 1),
        ("200k", 200_000),
        ("200K", 200_000),
        ("1.5M", 1_500_000),
        ("1.5 m", 1_500_000),
        (" 2G ", 2_000_000_000),
        ("1e6", 1_000_000),
        ("1.5e6", 1_500_000),
        ("1e+16", 10**16),  # as YAML writes 1e16
        ("1000000.0", 1_000_000),
        ("269,722", 269_722),
        ("1_000_000", 1_000_000),
        ("1.1M", 1_100_000),  # 1.1 * 10**6 is more than that in floating point
        ("0.0035k", 3),  # a budget must not be exceeded
        ("9007199254740993", 2**53 + 1),
    ],
)
def test_numbers_of_parameters_are_read(text, parameters):
    assert parse_parameters(text) == parameters


@pytest.mark.parametrize(
    "text",
    ["", " ", "0", "0.4", "-5", "+5", "k", "1.5T", "1.5MM", "M1", "1,5M", "1_0k", "1e999", "1e-3",
     "inf", "nan", "None", "1.5.5", "one", "0x10", "½", "٣"],
)  # fmt: skip
def test_anything_else_is_refused_and_quoted(text):
    with pytest.raises(ConfigError) as error:
        parse_parameters(text)
    assert str(error.value).startswith(f"budget.parameters={text}: expected")


families = st.sampled_from(
    [
        make_family("resnet", {}),
        make_family("wide_resnet", {}),
        make_family("densenet", {}),
        make_family("densenet", {"bottleneck": True, "compression": 0.5}),
    ]
)


@settings(max_examples=40, deadline=None)
@given(families, st.integers(1, 4), st.integers(500, 400_000))
def test_along_the_width_it_is_the_widest_that_fits(family, n, parameters):
    depth = family.depths[n - 1]
    counts = {}
    for width in range(1, 500):
        counts[width] = family.parameters(depth, width, DIGITS)
        if counts[width] > parameters:
            break
    check("width", family, parameters, depth, 3, counts)


@settings(max_examples=40, deadline=None)
@given(families, st.integers(1, 12), st.integers(500, 400_000))
def test_along_the_depth_it_is_the_deepest_that_fits(family, width, parameters):
    counts = {}
    for depth in family.depths[:2000]:
        counts[depth] = family.parameters(depth, width, DIGITS)
        if counts[depth] > parameters:
            break
    check("depth", family, parameters, 999, width, counts)


def check(along, family, parameters, depth, width, counts):
    """Compare with the counts at every width or depth, up to the first that is too large."""
    assert max(counts.values()) > parameters
    arguments = {"along": along, "depth": depth, "width": width, "task": DIGITS}
    fitting = [value for value, count in counts.items() if count <= parameters]
    if not fitting:
        with pytest.raises(DesignError) as error:
            budget_of_parameters(family, parameters, **arguments)
        text = str(error.value)
        assert text.startswith(f"budget.parameters={parameters:,}: ")
        smallest = int(re.search(r"smallest has ([0-9,]+) parameters", text)[1].replace(",", ""))
        assert smallest == min(counts.values())
        assert budget_of_parameters(family, smallest, **arguments).parameters == smallest
        return
    budget = budget_of_parameters(family, parameters, **arguments)
    found, held = (budget.width, budget.depth) if along == "width" else (budget.depth, budget.width)
    assert found == max(fitting)
    assert held == (depth if along == "width" else width)
    assert budget.parameters == counts[found]


def test_a_network_states_its_own_count():
    budget = budget_of_network(make_family("resnet", {}), 20, 16, ImageTask(3, 32, 10))
    assert (budget.depth, budget.width, budget.parameters) == (20, 16, 269_722)


@pytest.mark.parametrize(
    ("along", "depth", "width", "wrong"),
    [("width", 25, 8, "depth=25"), ("depth", 26, 0, "width=0")],
)
def test_the_fixed_dimension_is_checked(along, depth, width, wrong):
    with pytest.raises(DesignError, match=wrong):
        budget_of_parameters(
            make_family("resnet", {}), 10**6, along=along, depth=depth, width=width, task=DIGITS
        )


def test_a_vast_budget_ends_at_the_deepest_network():
    family = make_family("resnet", {})
    budget = budget_of_parameters(family, 10**15, along="depth", depth=8, width=1, task=DIGITS)
    assert MAX_DEPTH - family.depths.step < budget.depth <= MAX_DEPTH
