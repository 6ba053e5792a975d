"""The switchover under other rules, against the switchover found anew."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from ensemble_switchover.analysis.decision_rule import METHODS, DecisionRule
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.sensitivity import (
    MEANS_ALONE,
    Variant,
    describe_sensitivity,
    list_rules,
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
    rules = [DecisionRule(m, c) for m in METHODS for c in (0.6, 0.95, 0.999)]
    margins = (0.0, 1.0, 3.0)
    variants = vary_rule({False: grid}, "deq", rules, margins)[len(margins) :]

    assert len(variants) == 27
    for variant, (rule, margin) in zip(variants, itertools.product(rules, margins), strict=True):
        anew = find_threshold(grid, "deq", replace(rule, margin=margin))
        assert (variant.name, variant.margin) == (rule.label, margin)
        assert (variant.budget, variant.epoch) == (anew.budget, anew.epoch)
    assert len({variant.budget for variant in variants}) > 1


def test_a_margin_asks_for_more_than_a_lead() -> None:
    *_, near, far = vary_rule({False: GRID}, "deq", [DecisionRule()], (2.0, 4.0))

    assert (near.budget, near.epoch) == (206_734, 4)  # deq leads by 2.9 to 3 points there
    assert (far.budget, far.epoch) == (None, None)


def test_means_alone_need_no_second_seed() -> None:
    grid = build_error_grid(make_study(planted_error, seeds=(0,)))

    alone, interval = vary_rule({False: grid}, "deq", [DecisionRule()], (0.0,))

    assert find_threshold(grid, "deq").budget is None
    assert alone.name == MEANS_ALONE
    assert (alone.budget, alone.epoch) == (206_734, 4)
    assert interval.budget is None


def test_a_higher_confidence_never_lowers_the_switchover() -> None:
    rules = [DecisionRule(confidence=c) for c in (0.5, 0.9, 0.999, 0.999999)]

    budgets = [v.budget for v in vary_rule({False: GRID}, "deq", rules, (0.0,))]

    numbers = [float("inf") if budget is None else budget for budget in budgets]
    assert numbers == sorted(numbers)


def test_the_line_moves_one_thing_at_a_time() -> None:
    threshold = find_threshold(GRID, "deq")

    variants = vary_rule({False: GRID}, "deq", list_rules(DecisionRule(), has_collapsed=False))
    found = "206,734 parameters, epoch 4"
    assert describe_sensitivity(threshold, variants) == (
        f"deq under other rules: means alone: {found}; Welch, 80 %: {found}; Welch, 90 %: {found}; "
        f"Welch, 95 %: {found}; Welch, 99 %: {found}; paired t, 95 %: {found}; Mann-Whitney, 90 %: "
        f"{found}; a margin of 0.5 percentage points: {found}; a margin of 1 percentage point: "
        f"{found}; a margin of 2 percentage points: {found}."
    )


@pytest.mark.parametrize("left_out", ["deq", "single"])
def test_nothing_to_compare_has_no_switchover_under_any_rule(left_out: str) -> None:
    records = make_study(planted_error, holes=[(left_out, i) for i in range(len(WIDTHS))])
    rules = list_rules(DecisionRule(), has_collapsed=False)
    variants = vary_rule({False: build_error_grid(records)}, "deq", rules)

    assert {(v.budget, v.epoch) for v in variants} == {(None, None)}
    assert isinstance(variants[0], Variant)
