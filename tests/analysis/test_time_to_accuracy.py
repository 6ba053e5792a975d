"""Time to accuracy by hand."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.collapse import find_collapsed
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.time_to_accuracy import (
    TimeToAccuracy,
    lowest_error,
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


def test_the_common_target_is_the_mean_of_the_single_networks_best_epochs() -> None:
    records = [
        make_record(seed=0, test_errors=[30.0, 12.0, 14.0]),
        make_record(seed=1, test_errors=[30.0, 11.0, 4.0]),
        make_record(seed=0, width=16, test_errors=[3.0, 2.0, 1.0]),
        make_record(design_class="deq", seed=0, test_errors=[30.0, 8.0, 9.0]),
        make_record(design_class="deq", seed=1, test_errors=[30.0, 8.5, 8.1]),
        make_record(design_class="deq", seed=2, test_errors=[30.0, 13.0, 8.0]),
    ]

    times = measure_times_to_accuracy(records)

    assert [time.common_target_error_percent for time in times] == [8.0, 8.0, 1.0, 8.0, 8.0, 8.0]
    # Single networks: the time to their own best epoch. A seed without one has the target as well.
    assert [time.seconds_to_common_target for time in times] == [2.0, 3.0, 3.0, 8.0, None, 12.0]


def test_a_collapsed_single_network_is_in_no_common_target_and_keeps_its_own_time() -> None:
    bests = [5.0, 6.0, 5.5, 6.5, 54.0]
    records = [
        *(make_record(seed=s, test_errors=[60.0, best, best]) for s, best in enumerate(bests)),
        make_record(design_class="deq", seed=4, test_errors=[60.0, 50.0, 5.7]),
    ]

    times = measure_times_to_accuracy(records, left_out=find_collapsed(records))

    assert {time.common_target_error_percent for time in times} == {5.75}
    assert times[4].seconds_to_common_target == 2.0
    assert times[5] == TimeToAccuracy(54.0, 8.0, 5.75, 12.0)


def test_a_collapsed_single_network_that_is_kept_is_in_the_common_target() -> None:
    bests = [5.0, 6.0, 5.5, 6.5, 54.0]
    records = [make_record(seed=s, test_errors=[60.0, best]) for s, best in enumerate(bests)]
    (comparison,) = group_comparisons(records)
    for keep, target in ((False, 5.75), (True, 15.4)):
        runs = derive_finding(comparison, DecisionRule(keep_collapsed=keep)).runs
        assert runs["common_target_error_percent"].unique().to_list() == [pytest.approx(target)]


def test_runs_of_one_seed_are_one_sample_of_the_common_target() -> None:
    fused = {"execution": "fused"}
    records = [
        make_record(seed=0, test_errors=[30.0, 10.0]),
        make_record(seed=0, test_errors=[30.0, 4.0], environment=fused),
        make_record(seed=1, test_errors=[30.0, 8.0]),
        make_record(design_class="deq", seed=0, test_errors=[9.0, 7.2]),
    ]

    time = measure_times_to_accuracy(records)[-1]

    assert time == TimeToAccuracy(4.0, None, 7.5, 8.0)


def test_a_mean_that_differs_by_rounding_is_reached() -> None:
    third = 100.0 / 3.0
    records = [make_record(seed=seed, test_errors=[90.0, third]) for seed in range(3)]
    deq = make_record(design_class="deq", test_errors=[90.0, third - 1e-14])

    assert measure_times_to_accuracy([*records, deq])[-1].seconds_to_common_target == 8.0
    assert seconds_to_reach(deq.epochs, third - 2e-14) == 8.0


def test_another_setting_gives_no_target() -> None:
    records = [
        make_record(test_errors=[30.0, 12.0], dataset={"train_size": 10}),
        make_record(design_class="deq", test_errors=[30.0, 12.0]),
    ]

    assert measure_times_to_accuracy(records)[1] == TimeToAccuracy(None, None, None, None)


def test_an_error_that_is_no_number_is_no_target() -> None:
    records = [
        make_record(test_errors=[float("nan"), 12.0]),
        make_record(design_class="deq", test_errors=[30.0, 12.0]),
    ]

    assert [time.target_error_percent for time in measure_times_to_accuracy(records)] == [
        12.0,
        12.0,
    ]


def test_the_seconds_of_epochs_without_evaluation_count() -> None:
    record = make_record(
        test_errors=[30.0, 10.0, 8.0, 9.0, 8.5],
        epoch_seconds=[9.0, 2.0, 3.0, 2.0, 2.0],
        evaluate_every="2",
    )

    assert lowest_error(record.epochs) == 8.5  # not 8, which nobody saw
    assert seconds_to_reach(record.epochs, 30.0) == 4.0
    assert seconds_to_reach(record.epochs, 9.5) == 9.0
    assert seconds_to_reach(record.epochs, 8.5) == 11.0
    assert seconds_to_reach(record.epochs, 8.2) is None


def test_a_target_is_of_single_networks_with_the_same_evaluations() -> None:
    records = [
        make_record(seed=0, test_errors=[30.0, 5.0, 8.0, 9.0]),
        make_record(seed=0, test_errors=[30.0, 5.0, 8.0, 9.0], evaluate_every="3"),
        make_record(design_class="deq", seed=0, test_errors=[30.0, 8.0, 6.0, 6.0]),
        make_record(
            design_class="deq", seed=0, test_errors=[30.0, 8.0, 6.0, 6.0], evaluate_every="3"
        ),
        make_record(design_class="deq", seed=0, test_errors=[9.0, 8.0], evaluate_every="2"),
    ]

    times = measure_times_to_accuracy(records)

    assert [time.target_error_percent for time in times] == [5.0, 8.0, 5.0, 8.0, None]
    assert [time.common_target_error_percent for time in times] == [5.0, 8.0, 5.0, 8.0, None]
    assert [time.seconds for time in times] == [2.0, 3.0, None, 12.0, None]
