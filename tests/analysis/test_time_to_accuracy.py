"""Time to accuracy by hand."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.time_to_accuracy import (
    measure_times_to_accuracy,
    seconds_to_reach,
    steady_seconds,
)
from tests.factories import make_record


def test_the_warm_up_epoch_counts_as_a_median_epoch() -> None:
    record = make_record(test_errors=[9, 8, 7, 6], epoch_seconds=[50.0, 2.0, 3.0, 7.0])

    assert steady_seconds(record.epochs) == [3.0, 2.0, 3.0, 7.0]


def test_a_run_of_the_warm_up_alone_keeps_its_seconds() -> None:
    record = make_record(test_errors=[9.0], epoch_seconds=[50.0])

    assert steady_seconds(record.epochs) == [50.0]


@pytest.mark.parametrize(
    ("target", "seconds"), [(30.0, 2.0), (20.0, 4.0), (10.0, 4.0), (5.0, 8.0), (4.9, None)]
)
def test_seconds_until_the_target_is_first_reached(target: float, seconds: float | None) -> None:
    record = make_record(test_errors=[30.0, 10.0, 15.0, 5.0], epoch_seconds=[9.0, 2.0, 2.0, 2.0])

    assert seconds_to_reach(record.epochs, target) == seconds


def test_the_target_is_the_best_epoch_of_the_same_seed_and_budget() -> None:
    records = [
        make_record(seed=0, test_errors=[30.0, 12.0, 14.0]),
        make_record(seed=1, test_errors=[30.0, 11.0, 4.0]),
        make_record(seed=0, width=16, test_errors=[3.0, 2.0, 1.0]),
        make_record(design_class="deq", seed=0, test_errors=[30.0, 13.0, 12.0]),
        make_record(design_class="deq", seed=1, test_errors=[30.0, 13.0, 12.0]),
        make_record(design_class="deq", seed=2, test_errors=[30.0, 13.0, 12.0]),
    ]

    times = measure_times_to_accuracy(records)

    assert [time.target_error_percent for time in times] == [12.0, 4.0, 1.0, 12.0, 4.0, None]
    assert [time.seconds for time in times] == [2.0, 3.0, 3.0, 12.0, None, None]


def test_another_setting_gives_no_target() -> None:
    records = [
        make_record(test_errors=[30.0, 12.0], dataset={"train_size": 10}),
        make_record(design_class="deq", test_errors=[30.0, 12.0]),
    ]

    assert measure_times_to_accuracy(records)[1].target_error_percent is None


def test_an_error_that_is_no_number_is_no_target() -> None:
    records = [
        make_record(test_errors=[float("nan"), 12.0]),
        make_record(design_class="deq", test_errors=[30.0, 12.0]),
    ]

    assert [time.target_error_percent for time in measure_times_to_accuracy(records)] == [
        12.0,
        12.0,
    ]
