"""The rule against arithmetic by hand, and against a planted switchover."""

import math
from statistics import stdev

import numpy as np
import pytest

from ensemble_switchover.sweep.winner_certainty import certainties


def test_at_a_budget_with_runs_it_is_the_mean_over_its_standard_error():
    differences = {100: [1.0, 3.0], 400: [-2.0, -2.0, 1.0]}
    pooled = math.sqrt((stdev([1, 3]) ** 2 + 2 * stdev([-2, -2, 1]) ** 2) / 3)
    found = certainties([100, 400], differences)
    assert found[100] == pytest.approx(2.0 / (pooled / math.sqrt(2)))
    assert found[400] == pytest.approx(1.0 / (pooled / math.sqrt(3)))


def test_between_budgets_it_is_read_off_a_line_over_the_logarithm():
    differences = {100: [4.0, 6.0], 10_000: [-1.0, 1.0]}
    deviation = math.sqrt(2)
    found = certainties([1000], differences)
    assert found[1000] == pytest.approx(2.5 / math.hypot(deviation, 2.5))


def test_beyond_the_last_budget_it_is_that_of_the_last_with_one_seed():
    found = certainties([50, 800], {100: [4.0, 6.0], 400: [-1.0, -3.0]})
    assert found[50] == pytest.approx(5.0 / math.sqrt(2))
    assert found[800] == pytest.approx(2.0 / math.sqrt(2))


def test_without_any_run_nothing_is_certain():
    assert certainties([100, 200], {}) == {100: 0.0, 200: 0.0}
    assert certainties([100, 200], {100: [2.0]})[100] == 2.0


def test_seeds_that_do_not_differ_divide_by_no_zero():
    assert certainties([100], {100: [1.0, 1.0]})[100] == pytest.approx(100 * math.sqrt(2))


def test_the_least_certain_budget_is_found_at_the_planted_switchover():
    budgets = [2**power * 1000 for power in range(13)]
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(50):
        switchover = random.uniform(2, 10)
        tried = (0, 4, 8, 12)
        differences = {
            budgets[i]: list(-1.5 * (i - switchover) + random.normal(0, 0.8, 2)) for i in tried
        }
        found = certainties(budgets, differences)
        least = min(range(13), key=lambda i: found[budgets[i]])
        hits += abs(least - switchover) <= 1.5
    assert hits >= 45
