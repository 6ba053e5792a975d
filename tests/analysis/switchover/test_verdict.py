"""The verdict on a cell, against scipy's paired t test."""

from __future__ import annotations

import itertools
import random

from scipy import stats

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.threshold import (
    find_threshold,
)
from ensemble_switchover.analysis.switchover.verdict import judge_cell
from tests.analysis.switchover.planted_thresholds import E, H, S, U
from tests.factories import make_study


def test_every_verdict_agrees_with_scipy() -> None:
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
    threshold = find_threshold(grid, "deq")
    seen = set()
    for column, row in itertools.product(range(5), range(6)):
        test = stats.ttest_rel(
            list(grid.errors("deq", column, row).values()),
            list(grid.errors("single", column, row).values()),
        )
        interval = test.confidence_interval(0.95)
        expected = E if interval.high < 0 else S if interval.low > 0 else U
        assert threshold.cells[column][row].verdict is expected
        seen.add(expected)
    assert seen == {E, S, U}


def test_a_missing_design_is_a_hole_whatever_the_other_says() -> None:
    assert judge_cell({}, {0: 1.0, 1: 2.0}).verdict is H
    assert judge_cell({0: 1.0, 1: 2.0}, {}).verdict is H


def test_a_margin_has_to_be_exceeded_by_the_whole_interval() -> None:
    ensemble, single = {0: 5.0, 1: 6.0, 2: 5.5}, {0: 9.0, 1: 9.5, 2: 9.4}  # 3.1 to 4.4 points

    assert judge_cell(ensemble, single, margin=3.0).verdict is E
    assert judge_cell(ensemble, single, margin=4.0).verdict is U
    assert judge_cell(ensemble, single, margin=5.0).verdict is S
