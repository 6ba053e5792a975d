"""The ensemble as a multiple of the single network, against a plain computation."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy import stats

from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.analysis.ratio import measure_own_ratio, measure_ratio
from tests.factories import make_record


def seconds(design_class: str, width: int, seed: int, value: float) -> object:
    return make_record(
        design_class=design_class,  # type: ignore[arg-type]
        width=width,
        seed=seed,
        epoch_seconds=[value] * 3,
    )


def test_ratios_are_averaged_as_logarithms_over_budgets_and_then_over_seeds() -> None:
    values = {(8, 0): 2.0, (8, 1): 3.0, (12, 0): 4.0, (12, 1): 2.0, (8, 2): 50.0}
    records = [seconds("deq", w, s, 7.0 * v) for (w, s), v in values.items()]
    records += [seconds("single", w, s, 7.0) for w in (8, 12) for s in range(4)]

    ratio = measure_ratio(tabulate_runs(records), "epoch_seconds", "deq")  # type: ignore[arg-type]

    # seed 2 lacks a budget, so it would average another design
    means = [math.log(2.0 * 4.0) / 2, math.log(3.0 * 2.0) / 2]
    expected = stats.ttest_1samp(means, 0.0).confidence_interval(0.9)
    assert ratio is not None
    assert ratio.interval is not None
    assert (ratio.num_budgets, ratio.num_seeds) == (2, 2)
    assert ratio.mean == pytest.approx(math.exp(sum(means) / 2))
    assert ratio.interval.lower == pytest.approx(math.exp(expected.low))
    assert ratio.interval.upper == pytest.approx(math.exp(expected.high))


def test_budgets_can_be_chosen_and_what_is_absent_is_left_out() -> None:
    records = [
        seconds("single", 8, 0, 1.0),
        seconds("deq", 8, 0, 2.0),
        seconds("single", 12, 0, 1.0),
        seconds("deq", 12, 0, 9.0),
    ]
    runs = tabulate_runs(records)  # type: ignore[arg-type]

    chosen = measure_ratio(runs, "epoch_seconds", "deq", {92_322})

    assert chosen is not None
    assert (chosen.mean, chosen.interval, chosen.num_budgets) == (pytest.approx(2.0), None, 1)
    assert measure_ratio(runs, "epoch_seconds", "weq") is None
    assert measure_ratio(runs, "time_to_accuracy_seconds", "deq", set()) is None


def test_what_a_run_measured_against_its_single_network_needs_no_other_run() -> None:
    records = []
    for width, seed, own, single in ((8, 0, 3.0, 2.0), (12, 0, 8.0, 2.0), (8, 1, 1.0, 1.0)):
        record = make_record(design_class="weq", width=width, seed=seed, latencies={128: own})
        beside = replace(record.latencies[0], model="single", median_ms_per_image=single)
        records.append(replace(record, latencies=[*record.latencies, beside]))

    ratio = measure_own_ratio(tabulate_runs(records), "latency_to_single", "weq")

    # seed 1 lacks a budget
    assert ratio is not None
    assert ratio.mean == pytest.approx(math.sqrt(1.5 * 4.0))
    assert (ratio.interval, ratio.num_budgets, ratio.num_seeds) == (None, 2, 1)
    assert measure_own_ratio(tabulate_runs(records), "latency_to_single", "deq") is None


def test_all_seeds_that_count_have_the_same_budgets() -> None:
    pairs = {(8, 0): 2.0, (12, 0): 2.0, (12, 1): 8.0, (16, 1): 8.0}
    records = [seconds("deq", w, s, v) for (w, s), v in pairs.items()]
    records += [seconds("single", w, s, 1.0) for w in (8, 12, 16) for s in (0, 1)]

    ratio = measure_ratio(tabulate_runs(records), "epoch_seconds", "deq")  # type: ignore[arg-type]

    assert ratio is not None
    assert (ratio.num_budgets, ratio.num_seeds) == (2, 1)
    assert ratio.interval is None


def test_one_seed_of_more_budgets_does_not_leave_out_the_others() -> None:
    pairs = {(8, 0): 2.0, (8, 1): 3.0, (8, 2): 4.0, (12, 2): 50.0}
    records = [seconds("deq", w, s, v) for (w, s), v in pairs.items()]
    records += [seconds("single", w, s, 1.0) for w in (8, 12) for s in range(3)]

    ratio = measure_ratio(tabulate_runs(records), "epoch_seconds", "deq")  # type: ignore[arg-type]

    assert ratio is not None
    assert (ratio.num_budgets, ratio.num_seeds) == (1, 3)
    assert ratio.mean == pytest.approx((2.0 * 3.0 * 4.0) ** (1 / 3))
