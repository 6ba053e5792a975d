"""The grid of test errors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.errors import RecordError
from tests.factories import make_record, make_study, planted_error


def test_budgets_ascend_and_errors_stand_in_their_cells() -> None:
    grid = build_error_grid(make_study(planted_error)[::-1])

    parameters = [budget.parameters for budget in grid.budgets]
    assert parameters == sorted(parameters)
    assert grid.epochs == (1, 2, 3, 4, 5, 6)
    assert grid.k == 4
    assert grid.errors("deq", 3, 1) == {
        seed: planted_error("deq", 3, 2, seed) for seed in (0, 1, 2)
    }


def test_only_the_epochs_that_all_runs_have_are_kept() -> None:
    records = [
        make_record(test_errors=[9.0, 8.0, 7.0, 6.0]),
        make_record(design_class="deq", test_errors=[9.0, 8.0]),
    ]

    assert build_error_grid(records).epochs == (1, 2)


def test_an_epoch_after_which_a_run_was_not_evaluated_is_no_row() -> None:
    errors = [9.0, 8.0, 7.0, 6.0, 5.0]
    every = make_record(test_errors=errors)
    fewer = make_record(design_class="deq", test_errors=errors, evaluate_every="2")

    grid = build_error_grid([every, fewer])

    assert grid.epochs == (2, 4, 5)
    assert grid.seed_curves("single", 0) == grid.seed_curves("deq", 0) == {0: (8.0, 6.0, 5.0)}


def test_no_epoch_in_common_is_an_error_that_names_the_run() -> None:
    record = make_record(name="long")
    later = replace(
        make_record(name="late", test_errors=[5.0]),
        epochs=[replace(make_record().epochs[0], epoch=9)],
    )

    with pytest.raises(RecordError, match="late"):
        build_error_grid([record, later])


def test_a_hole_is_empty() -> None:
    grid = build_error_grid(make_study(planted_error, holes=[("weq", 0)]))

    assert grid.errors("weq", 0, 0) == {}
    assert grid.mean_error("weq", 0, 0) is None
    assert ("weq", 0) not in grid.designs


def test_two_runs_of_one_seed_count_as_one_sample() -> None:
    records = [
        make_record(test_errors=[10.0]),
        make_record(test_errors=[20.0], environment={"execution": "stacked"}),
        make_record(seed=1, test_errors=[30.0]),
    ]

    grid = build_error_grid(records)

    assert grid.errors("single", 0, 0) == {0: 15.0, 1: 30.0}
    assert grid.mean_error("single", 0, 0) == pytest.approx(22.5)


def test_two_designs_of_one_class_and_budget_are_refused() -> None:
    first = make_record(design_class="deq", name="first")
    other = make_record(design_class="deq", name="other", seed=1)
    other = replace(other, design=replace(other.design, width=99))

    with pytest.raises(RecordError, match="first and other"):
        build_error_grid([first, other])


def test_no_records_are_refused() -> None:
    with pytest.raises(RecordError, match="no records"):
        build_error_grid([])
