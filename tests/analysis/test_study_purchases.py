"""What made-up studies leave open, and what is bought of them."""

import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, DecisionRule
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.study_purchases import plan_purchases, same_device
from tests.factories import make_record, of_timing_pass

SPREAD = (-0.4, 0.1, 0.5, -0.1)
"""Deviations of the seeds from the mean, in percentage points."""


def records(differences, *, design_class="deq", k=4, scale=1.0, repeats=1, **options):
    """Make single networks of 20 % and ensembles that differ from them, by width."""
    made = []
    for width, difference in differences.items():
        for seed, spread in enumerate(SPREAD * repeats):
            error = 20.0 + difference + scale * spread
            made.append(
                make_record(
                    design_class=design_class,
                    width=width,
                    seed=seed,
                    k=k,
                    test_errors=(50.0, error),
                    **options,
                )
            )
    return made


def singles(widths, scale=1.0, **options):
    return records(dict.fromkeys(widths, 0.0), design_class="single", scale=scale, **options)


def plan(made, rule=DEFAULT_RULE):
    return plan_purchases([derive_finding(each, rule) for each in group_comparisons(made)], rule)


def named(purchase):
    return [(design.design_class, design.k, design.network, n) for design, n in purchase.amounts]


def test_nothing_is_open_where_the_switchover_is_between_two_budgets():
    found = plan([*singles((8, 12, 16)), *records({8: 3.0, 12: -3.0, 16: -3.0})])
    assert found.cells == ()
    assert found.purchases == ()
    assert len(found.asked) == 1


def test_the_undecided_budget_is_bought():
    found = plan([*singles((8, 12, 16)), *records({8: 3.0, 12: -0.3, 16: -3.0})])
    assert [cell.budget for cell in found.cells] == [206_734]
    assert {design.network for design, _ in found.purchases[0].amounts} == {"26x12"}
    assert found.purchases[0].seconds == 12.0 * sum(n for _, n in found.purchases[0].amounts)


def test_single_networks_serve_every_k_of_a_setting():
    ensembles = [
        record for k in (2, 4) for record in records({8: 3.0, 12: -0.5, 16: -3.0}, k=k, scale=0.5)
    ]
    found = plan([*singles((8, 12, 16), scale=3.0), *ensembles])
    assert [design for design, _, _, _ in named(found.purchases[0])] == ["single"]
    assert {d.cell.question for d in found.purchases[0].decisions} == {0, 1}


def test_settings_share_no_single_networks():
    other = {"recipe": {"batch_size": 32}}
    found = plan(
        [
            *singles((8, 12)),
            *records({8: 3.0, 12: -3.0}),
            *singles((8, 12), **other),
            *records({8: 3.0, 12: -0.3}, **other),
        ]
    )
    assert len(found.asked) == 2
    (cell,) = found.cells
    setting = found.asked[cell.question].finding.comparison.setting
    assert ("recipe batch_size", "32") in setting.details


def test_a_range_that_is_not_bounded_from_below_asks_for_a_smaller_budget():
    found = plan([*singles((8, 12)), *records({8: -1.5, 12: -3.0})])
    (asked,) = found.asked
    assert (asked.smaller.depth, asked.smaller.width) == (26, 5)
    (cell,) = found.cells
    assert found.is_below_all(cell)
    assert cell.settles_if_ensemble == 0
    assert {design.budget for design, _ in found.purchases[0].amounts} == {asked.smaller}
    assert all(number >= 3 for _, number in found.purchases[0].amounts)


def test_a_wide_range_asks_for_a_budget_between():
    narrow = plan([*singles((8, 12)), *records({8: 3.0, 12: -3.0})])
    assert narrow.cells == ()
    wide = plan([*singles((8, 24)), *records({8: 3.0, 24: -3.0})])
    (cell,) = wide.cells
    assert 92_322 < cell.budget < 822_994
    assert {n for _, n in wide.purchases[0].amounts} == {3}


def test_a_new_budget_comes_with_the_classes_of_every_k():
    made = [*singles((8, 12))]
    for k in (2, 4):
        made += records({8: -2.0, 12: -3.0}, k=k)
    found = plan(made)
    assert {(name, k) for name, k, _, _ in named(found.purchases[0])} == {
        ("single", 1),
        ("deq", 2),
        ("deq", 4),
    }


def test_collapsed_runs_are_no_errors_here():
    made = [*singles((8, 12)), *records({8: 3.0, 12: -3.0})]
    collapsed = [*made, make_record(width=12, seed=4, test_errors=(50.0, 80.0))]
    assert plan(collapsed).cells == ()
    assert len(plan(collapsed, DecisionRule(keep_collapsed=True)).cells) == 1


def test_single_networks_alone_ask_nothing():
    found = plan(singles((8, 12)))
    assert found.asked == ()
    assert found.purchases == ()


@pytest.mark.parametrize("confidence", [0.9, 0.999])
def test_the_rule_of_the_report_decides(confidence):
    rule = DecisionRule(confidence=confidence)
    found = plan([*singles((8, 12)), *records({8: 3.0, 12: -1.5})], rule)
    assert bool(found.cells) == (confidence == 0.999)


def test_the_seconds_of_further_runs_are_those_of_runs_timed_alike():
    own = [make_record(seed=seed) for seed in range(2)]
    passes = [of_timing_pass(make_record(seed=seed)) for seed in range(2, 5)]
    assert same_device([*own, *passes]) == passes
    assert same_device(own) == own
