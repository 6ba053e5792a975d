"""The switchover under other rules, against the switchover found anew."""

from __future__ import annotations

import itertools
import random

import pytest

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.sensitivity import (
    Variant,
    describe_sensitivity,
    vary_rule,
)
from ensemble_switchover.analysis.switchover.threshold import find_threshold
from tests.factories import WIDTHS, make_study, planted_error

GRID = build_error_grid(make_study(planted_error))


def test_every_variant_is_the_threshold_found_under_that_rule() -> None:
    generator = random.Random(5)
    noise = {
        key: generator.gauss(0.0, 0.4)
        for key in itertools.product(("single", "deq", "weq"), range(5), range(1, 7), range(4))
    }
    records = make_study(
        lambda name, i, e, s: 20.0 - 1.5 * (name == "deq") * (i - 1) + noise[name, i, e, s],
        seeds=range(4),
        holes=[("deq", 1)],
    )
    grid = build_error_grid(records)
    threshold = find_threshold(grid, "deq")
    variants = vary_rule(threshold, (0.6, 0.95, 0.999), (0.0, 1.0, 3.0))

    assert len(variants) == 9
    for variant in variants:
        assert variant.confidence is not None
        anew = find_threshold(grid, "deq", variant.confidence, variant.margin)
        assert (variant.budget, variant.epoch) == (anew.budget, anew.epoch)
    assert len({variant.budget for variant in variants}) > 1


def test_a_margin_asks_for_more_than_a_lead() -> None:
    threshold = find_threshold(GRID, "deq")

    near, far = vary_rule(threshold, (0.95,), (2.0, 4.0))

    assert (near.budget, near.epoch) == (206_734, 4)  # deq leads by 2.9 to 3 points there
    assert (far.budget, far.epoch) == (None, None)


def test_means_alone_need_no_second_seed() -> None:
    grid = build_error_grid(make_study(planted_error, seeds=(0,)))
    threshold = find_threshold(grid, "deq")

    alone, interval = vary_rule(threshold, (None, 0.95), (0.0,))

    assert threshold.budget is None
    assert (alone.budget, alone.epoch) == (206_734, 4)
    assert interval.budget is None


def test_a_higher_confidence_never_lowers_the_switchover() -> None:
    threshold = find_threshold(GRID, "deq")

    budgets = [v.budget for v in vary_rule(threshold, (0.5, 0.9, 0.999, 0.999999), (0.0,))]

    numbers = [float("inf") if budget is None else budget for budget in budgets]
    assert numbers == sorted(numbers)


def test_the_line_moves_one_thing_at_a_time() -> None:
    threshold = find_threshold(GRID, "deq")

    assert describe_sensitivity(threshold, vary_rule(threshold)) == (
        "deq under other rules: means alone: 206,734 parameters, epoch 4; 80 %: 206,734 "
        "parameters, epoch 4; 90 %: 206,734 parameters, epoch 4; 95 %: 206,734 parameters, epoch "
        "4; 99 %: 206,734 parameters, epoch 4; a margin of 0.5 percentage points: 206,734 "
        "parameters, epoch 4; a margin of 1 percentage point: 206,734 parameters, epoch 4; a "
        "margin of 2 percentage points: 206,734 parameters, epoch 4."
    )


@pytest.mark.parametrize("left_out", ["deq", "single"])
def test_nothing_to_compare_has_no_switchover_under_any_rule(left_out: str) -> None:
    records = make_study(planted_error, holes=[(left_out, i) for i in range(len(WIDTHS))])
    variants = vary_rule(find_threshold(build_error_grid(records), "deq"))

    assert {(v.budget, v.epoch) for v in variants} == {(None, None)}
    assert isinstance(variants[0], Variant)
