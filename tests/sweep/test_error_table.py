"""Errors so far, by design class and budget."""

import pytest

from ensemble_switchover.machine.terminal import ABSENT
from ensemble_switchover.sweep.error_table import changed_errors, error_table, mean_errors


@pytest.fixture
def specs(tiny_spec):
    return [
        tiny_spec(f"budget.width={width}", *design, f"seed={seed}")[0]
        for width in (8, 16)
        for design in (("design=single",), ("design=deq", "k=2"))
        for seed in (0, 1)
    ]


def errors_of(specs, *percents):
    return {spec.name: percent for spec, percent in zip(specs, percents, strict=False)}


def test_errors_are_means_over_seeds_by_budget_and_class(specs):
    means = mean_errors(specs, errors_of(specs, 10.0, 12.0, 9.0, 9.5, 8.0))
    shown = error_table(means)
    assert shown.headers == ("Budget", "Parameters", "single", "deq k=2")
    budgets = [f"{spec.budget.parameters:,}" for spec in (specs[0], specs[4])]
    first, second = specs[0].budget, specs[4].budget
    assert shown.rows == (
        (f"{first.depth}x{first.width}", budgets[0], "11.00 (2)", "9.25 (2)"),
        (f"{second.depth}x{second.width}", budgets[1], "8.00 (1)", ABSENT),
    )


def test_what_else_is_swept_has_a_column(tiny_spec):
    specs = [tiny_spec("design=single", f"epochs={epochs}")[0] for epochs in (2, 3)]
    shown = error_table(mean_errors(specs, errors_of(specs, 10.0, 9.0)))
    assert [row[0] for row in shown.rows] == ["2 epochs", "3 epochs"]
    assert shown.num_text_columns == 2


def test_what_else_is_swept_is_in_the_order_of_its_numbers(tiny_spec):
    specs = [tiny_spec("design=single", f"epochs={epochs}")[0] for epochs in (10, 2, 9)]
    shown = error_table(mean_errors(specs, errors_of(specs, 10.0, 9.0, 8.0)))
    assert [row[0] for row in shown.rows] == ["2 epochs", "9 epochs", "10 epochs"]


def test_only_designs_with_more_seeds_are_told_later(specs):
    before = mean_errors(specs, errors_of(specs, 10.0, 12.0, 9.0))
    after = mean_errors(specs, errors_of(specs, 10.0, 12.0, 9.0, 10.0, 8.0))
    (more, new) = changed_errors(before, after)
    assert more.endswith(
        "deq k=2 (" + f"{specs[2].budget.parameters:,} parameters): 9.00 -> 9.50 %, 2 seeds"
    )
    assert new.endswith(" parameters): 8.00 %, 1 seed")
    assert changed_errors(after, after) == []
