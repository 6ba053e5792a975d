"""The search for the largest width or depth within a number of parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.design.largest_network import (
    largest,
    largest_depth,
    largest_width,
    next_depth,
)

TASK = ImageTask(3, 32, 10)


@given(st.integers(-3, 10**9))
def test_the_largest_is_found_and_little_is_asked(limit):
    asked = []

    def fits(n):
        asked.append(n)
        return n <= limit

    assert largest(fits) == (limit if limit >= 1 else None)
    assert len(asked) <= 64
    assert min(asked) >= 1


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("parameters", [10, 5_000, 70_000, 900_000])
def test_the_largest_network_is_at_most_the_number_and_the_next_is_above(name, parameters):
    family = make_family(name, {})
    depth = family.depths[1]
    width = largest_width(family, depth, parameters, TASK)
    counts = [family.parameters(depth, w, TASK) for w in range(1, (width or 0) + 2)]
    assert [count <= parameters for count in counts] == [True] * (width or 0) + [False]
    deepest = largest_depth(family, 3, parameters, TASK)
    position = -1 if deepest is None else family.depths.index(deepest)
    for index in range(min(position + 2, len(family.depths))):
        fits = family.parameters(family.depths[index], 3, TASK) <= parameters
        assert fits == (index <= position)


def test_a_list_of_depths_has_an_end():
    family = make_family("vgg", {})
    assert largest_depth(family, 1, 10**9, TASK) == 19
    assert largest_depth(family, 10**4, 10, TASK) is None
    assert next_depth(family, None) == 8
    assert [next_depth(family, depth) for depth in family.depths] == [11, 13, 16, 19, None]
