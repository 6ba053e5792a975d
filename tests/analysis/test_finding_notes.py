"""Remarks on a comparison."""

from __future__ import annotations

from dataclasses import replace

from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.design_table import summarise_runs, tabulate_runs
from ensemble_switchover.analysis.finding_notes import (
    note_collapsed,
    note_conditions,
    note_disturbances,
    note_evaluations,
    note_flags,
    note_left_out,
    note_not_finite,
    note_stopped,
)
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from tests.factories import make_record

RULE, KEEPING = DecisionRule(), DecisionRule(keep_collapsed=True)


def test_nothing_to_remark_is_no_remark() -> None:
    records = [make_record(seed=seed) for seed in (0, 1)]
    runs = tabulate_runs(records)

    assert note_collapsed((), RULE) == []
    assert note_conditions(summarise_runs(runs), "test error") == []
    assert note_disturbances(runs) == note_flags(runs, (), RULE) == note_left_out({}) == []
    assert note_not_finite(build_error_grid(records), "test error") == []
    assert note_evaluations(runs, build_error_grid(records)) == []


def test_fewer_evaluations_are_told_with_what_they_leave_open() -> None:
    errors = [9.0] * 7
    alike = [make_record(seed=s, test_errors=errors, evaluate_every="3") for s in (0, 1)]

    (note,) = note_evaluations(tabulate_runs(alike), build_error_grid(alike))

    assert note == (
        "Runs were evaluated after 3 of 7 epochs (evaluate_every=3): other epochs are in no curve "
        "and no grid, and a switchover or a time to accuracy may be of an epoch up to 2 earlier."
    )


def test_different_evaluations_are_told_with_what_compares() -> None:
    mixed = [
        make_record(seed=seed, test_errors=[9.0] * 7, evaluate_every=every)
        for seed, every in enumerate(("1", "3", "2"))
    ]

    (note,) = note_evaluations(tabulate_runs(mixed), build_error_grid(mixed))

    assert "(evaluate_every=1, evaluate_every=2, evaluate_every=3). Their errors are" in note
    assert "compared after 2 of 7 epochs, which all of them share; times to accuracy" in note


def test_runs_that_stopped_early_are_named_with_where_curves_end() -> None:
    errors = [9.0, 8.0, 7.0]
    records = [
        replace(record, config={**record.config, "callbacks": {"early": {}}})
        for record in (
            make_record(seed=0, test_errors=errors, recipe={"epochs": 3}, name="whole"),
            make_record(seed=1, test_errors=errors[:2], recipe={"epochs": 3}, name="early"),
        )
    ]

    (note,) = note_stopped(records, build_error_grid(records))

    assert note.startswith("1 of 2 runs stopped early (callbacks=): curves, grids and the switch")
    assert "the last of them 2; tables have the last error of each run: early." in note
    assert note_stopped([make_record()], build_error_grid(records)) == []


def test_collapsed_runs_are_named_with_what_becomes_of_them() -> None:
    (one,) = note_collapsed(("a",), RULE)
    (two,) = note_collapsed(("a", "b"), KEEPING)

    assert one.startswith("1 run collapsed (an error more than 6 robust standard deviations above")
    assert one.endswith("and is left out of the errors: a.")
    assert two.endswith("and are in every number: a, b.")


def test_a_flagged_run_that_collapsed_is_not_in_the_errors() -> None:
    runs = tabulate_runs([replace(make_record(name="a"), flags="chance"), make_record(seed=1)])

    assert note_flags(runs, (), RULE) == [
        "1 of 2 runs is flagged (column flags of runs.csv) and in every number: a (chance)."
    ]
    (told,) = note_flags(runs, ("a",), RULE)
    assert "in every number but the errors of those that collapsed: a (chance)" in told
    assert note_flags(runs, ("a",), KEEPING) == note_flags(runs, (), RULE)


def test_conditions_disturbances_and_lost_errors_are_told() -> None:
    fused = {"execution": "fused"}
    shared = {"disturbances": ["waited"]}
    records = [
        make_record(seed=0, environment=fused),
        make_record(seed=1, environment=shared, name="b", test_errors=[9.0, float("nan"), 8.0]),
    ]
    runs = tabulate_runs(records)

    (several,) = note_conditions(summarise_runs(runs), "test error")
    assert several.startswith("1 design ran under several conditions")
    (disturbed,) = note_disturbances(runs)
    assert disturbed.startswith("1 of 2 runs shared the device")
    assert note_not_finite(build_error_grid(records), "test error") == [
        "The test error of some epochs is not finite and is left out: b."
    ]
    assert note_left_out({"b/file": "damaged"}) == [
        "No pool has the members of 1 file of predictions: b/file (damaged)."
    ]
