"""Orders of members."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from ensemble_switchover.measurement.cascade.member_order import order_by_error, orders_to_try


def test_the_best_on_held_out_images_is_asked_first_and_ties_stay() -> None:
    labels = np.array([0, 0, 0])
    right, wrong = np.log([0.9, 0.1]), np.log([0.1, 0.9])
    logs = np.array([[wrong, wrong, right], [right] * 3, [wrong, right, wrong], [right] * 3])
    assert order_by_error(logs, labels) == [1, 3, 0, 2]


@pytest.mark.parametrize("order", [[0], [1, 0], [2, 0, 1], [3, 1, 0, 2]])
def test_all_orders_of_few_members_are_tried_once(order: list[int]) -> None:
    tried = orders_to_try(order)
    assert tried[0] == order
    assert sorted(tried) == sorted(list(p) for p in permutations(range(len(order))))


def test_a_sample_of_the_orders_of_many_is_the_same_each_time() -> None:
    order = [4, 3, 2, 1, 0]
    tried = orders_to_try(order)
    assert tried[0] == order
    assert tried == orders_to_try(order)
    assert len({tuple(each) for each in tried}) == 24
