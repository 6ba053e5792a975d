"""Collapsed runs are found by the declared rule, whatever their design class."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ensemble_switchover.analysis.collapse import (
    LIMIT,
    MIN_RUNS,
    find_collapsed,
    find_screened,
    outliers,
    robust_deviation,
)
from tests.factories import make_record

COLLAPSED = [5.0, 5.2, 5.1, 4.9, 60.0]
cells = st.lists(st.floats(0.0, 100.0, allow_subnormal=False), min_size=MIN_RUNS, max_size=8)


def runs(*errors_of_budgets):
    return {
        budget: {f"{budget}-{run}": error for run, error in enumerate(errors)}
        for budget, errors in enumerate(errors_of_budgets)
    }


def records(errors, **fields):
    return [
        make_record(seed=seed, test_errors=[50.0, error], **fields)
        for seed, error in enumerate(errors)
    ]


def seeds_of(found, judged):
    return sorted(record.seed for record in judged if (record.study, record.name) in found)


@pytest.mark.parametrize("number", range(4, 31))
def test_the_robust_deviation_of_gaussian_samples_is_right_on_average(number):
    samples = np.random.default_rng(number).normal(3.0, 2.0, (20_000, number))
    deviations = stats.median_abs_deviation(samples, axis=1, scale="normal")
    factor = robust_deviation(samples[0].tolist()) / deviations[0]
    assert factor * deviations.mean() == pytest.approx(2.0, rel=0.015)


def test_two_of_five_runs_can_have_collapsed():
    assert outliers(runs([5.0, 55.0, 6.0, 5.5, 70.0])) == ["0-1", "0-4"]


def test_an_unusually_good_run_has_not_collapsed():
    assert outliers(runs([60.0, 61.0, 59.0, 60.5, 5.0])) == []


@pytest.mark.parametrize("errors", [[], [5.0], [5.0, 90.0], [5.0, 5.1, 90.0]])
def test_below_four_runs_nothing_has_collapsed(errors):
    assert outliers(runs(errors)) == []
    assert find_collapsed(records(errors)) == find_screened(records(errors)) == frozenset()


def test_equal_errors_have_not_collapsed():
    assert outliers(runs([7.0] * 5)) == []
    assert find_collapsed(records([7.0] * 5)) == frozenset()


@pytest.mark.parametrize(("images", "wrong", "found"), [(1000, 6, []), (1000, 7, [4])])
def test_one_test_image_is_the_smallest_scale(images, wrong, found):
    image = 100.0 / images
    judged = records([3.0, 3.0, 3.0, 3.0, 3.0 + wrong * image], dataset={"test_size": images})
    assert LIMIT == 6.0
    assert seeds_of(find_collapsed(judged), judged) == found


def test_the_scale_is_not_below_the_median_of_the_budgets():
    narrow, wide = [5.0, 5.01, 5.02, 5.03, 6.5], [3.0, 4.0, 5.0, 6.0, 7.0]
    assert outliers(runs(narrow)) == ["0-4"]
    assert outliers(runs(narrow, wide, wide)) == []
    assert outliers(runs(narrow, narrow, wide)) == ["0-4", "1-4"]


def test_a_cell_of_wide_spread_is_judged_by_its_own():
    narrow, wide = [5.0, 5.01, 5.02, 5.03, 5.04], [10.0, 20.0, 30.0, 40.0, 50.0]
    assert outliers(runs(narrow, narrow, wide)) == []


@settings(deadline=None)
@given(st.lists(cells, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_units_and_order_do_not_matter_and_at_most_half_collapse(errors, random):
    planted = runs(*errors)
    found = set(outliers(planted))
    shuffled = {
        budget: dict(random.sample(list(cell.items()), len(cell)))
        for budget, cell in planted.items()
    }
    halved = {b: {run: error / 2 for run, error in cell.items()} for b, cell in planted.items()}
    assert set(outliers(shuffled)) == found
    assert set(outliers(halved)) == found
    for cell in planted.values():
        assert 2 * len(found & cell.keys()) <= len(cell)


@pytest.mark.parametrize("design_class", ["single", "deq", "weq"])
def test_every_design_class_is_judged_alike(design_class):
    judged = records(COLLAPSED, design_class=design_class, width=16)
    assert seeds_of(find_collapsed(judged), judged) == [4]


def test_settings_classes_k_and_budgets_are_cells_of_their_own():
    low, high = [5.0, 5.2, 5.1, 4.9], [60.0, 60.2, 60.1, 59.9]
    judged = [
        *records(low, width=16),
        *records(high, width=16, dataset={"name": "cifar10"}),
        *records(high, width=16, recipe={"learning_rate": 0.001}),
        *records(high, width=24),
        *records(low, width=16, design_class="deq", k=4),
        *records(high, width=16, design_class="deq", k=2),
        *records(high, width=16, design_class="weq", k=4),
    ]
    assert find_collapsed(judged) == frozenset()
    assert len(find_screened(judged)) == len({(run.study, run.name) for run in judged})


def test_the_runs_of_two_studies_are_one_cell_and_told_apart():
    judged = [*records(COLLAPSED[:3], study="first"), *records(COLLAPSED[3:], study="second")]
    assert find_collapsed(judged) == {("second", judged[-1].name)}


def test_the_error_after_the_last_epoch_counts():
    spike = [make_record(seed=4, test_errors=[90.0, 5.0])]
    assert find_collapsed([*records(COLLAPSED[:4]), *spike]) == frozenset()


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_an_error_that_is_no_number_is_not_judged(error):
    assert find_collapsed(records([5.0, 5.2, 90.0, error])) == frozenset()
    judged = records([*COLLAPSED, error])
    assert seeds_of(find_collapsed(judged), judged) == [4]
    assert len(find_screened(judged)) == 5


def test_records_that_share_a_training_are_one_run():
    judged = records([5.0, 5.2, 90.0])
    copies = [replace(r, name=f"{r.name}-again", shared_from=r.name) for r in judged]
    assert find_screened([*judged, *copies]) == find_collapsed([*judged, *copies]) == frozenset()
    judged = records(COLLAPSED)
    copies = [replace(r, name=f"{r.name}-again", shared_from=r.name) for r in judged]
    assert seeds_of(find_collapsed([*judged, *copies]), [*judged, *copies]) == [4, 4]


def test_an_image_is_one_of_those_that_errors_are_measured_on():
    fields = {"evaluated_on": "validation", "validation_size": 10, "test_size": 1000}
    judged = records([30.0, 30.0, 30.0, 30.0, 90.0], dataset=fields)
    assert find_collapsed(judged) == frozenset()  # six images of ten
    none = records([30.0, 30.0, 30.0, 30.0, 90.0], dataset={"test_size": 0})
    assert seeds_of(find_collapsed(none), none) == [4]
