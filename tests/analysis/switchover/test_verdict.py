"""The verdict on a cell, against scipy's tests."""

from __future__ import annotations

import itertools
import random
from functools import partial

import pytest
from scipy import stats

from ensemble_switchover.analysis.decision_rule import DecisionRule, Method
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.threshold import (
    find_threshold,
)
from ensemble_switchover.analysis.switchover.verdict import judge_cells
from tests.analysis.switchover.planted_thresholds import E, H, S, U
from tests.factories import make_study

TESTS = {
    "welch": partial(stats.ttest_ind, equal_var=False),
    "paired_t": stats.ttest_rel,
    "mann_whitney": partial(stats.mannwhitneyu, method="exact"),
}


@pytest.mark.parametrize("method", ["welch", "paired_t", "mann_whitney"])
def test_every_verdict_agrees_with_scipy(method: Method) -> None:
    generator = random.Random(3)
    noise = {
        key: generator.gauss(0.0, 1.0)
        for key in itertools.product(("single", "deq", "weq"), range(5), range(1, 7), range(4))
    }
    records = make_study(
        lambda name, i, e, s: 20 + 0.8 * (name == "deq") * (i - 2) + noise[name, i, e, s],
        seeds=range(4),
    )
    grid = build_error_grid(records)
    threshold = find_threshold(grid, "deq", DecisionRule(method))
    seen = set()
    for column, row in itertools.product(range(5), range(6)):
        samples = [list(grid.errors(c, column, row).values()) for c in ("deq", "single")]
        less, greater = (TESTS[method](*samples, alternative=a) for a in ("less", "greater"))
        expected = E if less.pvalue <= 0.05 else S if greater.pvalue <= 0.05 else U
        assert threshold.cells[column][row].verdict is expected
        seen.add(expected)
    assert seen == {E, S, U}


def test_a_missing_design_is_a_hole_whatever_the_other_says() -> None:
    assert judge_cells({}, {0: [1.0], 1: [2.0]}, 1)[0].verdict is H
    assert judge_cells({0: [1.0], 1: [2.0]}, {}, 1)[0].verdict is H


def test_a_margin_has_to_be_exceeded_by_the_whole_interval() -> None:
    ensemble = {0: [5.0], 1: [6.0], 2: [5.5]}
    single = {0: [9.0], 1: [9.5], 2: [9.4]}  # 3.0 to 4.6 points

    for margin, expected in ((2.5, E), (4.0, U), (5.0, S)):
        (cell,) = judge_cells(ensemble, single, 1, DecisionRule(margin=margin))
        assert cell.verdict is expected
