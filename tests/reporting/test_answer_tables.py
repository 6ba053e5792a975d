"""The report's tables of switchovers and of their sensitivity."""

from __future__ import annotations

from ensemble_switchover.analysis.collapse_counts import CollapseCount
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.answer_tables import (
    show_collapsed,
    show_sensitivity,
    show_switchovers,
)
from tests.factories import make_study, planted_error


def findings() -> list:  # type: ignore[type-arg]
    records = [
        *make_study(planted_error, k=2),
        *make_study(planted_error, k=4, holes=[("weq", i) for i in range(5)]),
        *make_study(lambda *place: planted_error(*place) + 30.0, dataset={"name": "hard"}),
    ]
    return [derive_finding(comparison) for comparison in group_comparisons(records)]


def test_the_table_says_what_each_answer_rests_on() -> None:
    shown = show_switchovers(findings())

    first = dict(zip(shown.headers, shown.rows[0], strict=True))
    assert first["Comparison"] == "resnet on digits, k = 2"
    assert first["Switchover"] == "206,734 parameters"
    assert first["Epoch"] == "4 of 6"
    assert first["Budgets"] == "5 of 5"
    assert first["Cells"] == "12 / 18 / 0 / 0"
    assert shown.rows[3][2] == "nothing to compare"


def test_every_rule_has_a_row() -> None:
    shown = show_sensitivity(findings()[0])

    assert shown.headers[2:] == tuple(f"Margin {m} points" for m in ("0", "0.5", "1", "2"))
    assert [row[:2] for row in shown.rows[:5]] == [
        ("deq", rule)
        for rule in ("means alone", "Welch, 80 %", "Welch, 90 %", "Welch, 95 %", "Welch, 99 %")
    ]
    assert shown.rows[3][2] == "206,734 (4)"


def test_a_class_that_was_not_run_has_nothing_to_compare_under_any_rule() -> None:
    (no_weq,) = [f for f in findings() if f.comparison.k == 4 and "digits" in f.comparison.label]

    weq = [row for row in show_sensitivity(no_weq).rows if row[0] == "weq"]

    assert {cell for row in weq for cell in row[2:]} == {"nothing to compare"}


def test_where_nothing_was_screened_no_run_is_said_not_to_have_collapsed() -> None:
    shown = show_collapsed([], findings(), DEFAULT_RULE)
    assert shown.rows == ()
    assert shown.caption.endswith("so no run was screened.")
    counts = [CollapseCount("single network", 0, 8, 0.0, 31.2)]
    shown = show_collapsed(counts, findings(), DEFAULT_RULE)
    assert shown.rows == (("single networks", "8", "0", "0.00 to 31.20"),)
    assert shown.caption.endswith("No run collapsed.")
