"""The statistics against scipy.stats and the standard library."""

from __future__ import annotations

import statistics as reference

import pytest
from scipy import stats

from ensemble_switchover.analysis.statistics import (
    Interval,
    sample_mean,
    sample_std,
    t_interval,
)

ENSEMBLE = [9.1, 8.4, 10.2, 9.0]
SINGLE = [10.0, 9.9, 10.1, 11.3]


@pytest.mark.parametrize("num_seeds", [2, 3, 4])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_interval_is_that_of_the_paired_t_test(num_seeds: int, confidence: float) -> None:
    first, second = ENSEMBLE[:num_seeds], SINGLE[:num_seeds]
    expected = stats.ttest_rel(first, second).confidence_interval(confidence)
    differences = [a - b for a, b in zip(first, second, strict=True)]

    interval = t_interval(differences, confidence)

    assert interval is not None
    assert interval.lower == pytest.approx(expected.low)
    assert interval.upper == pytest.approx(expected.high)
    assert interval.mean == pytest.approx(reference.mean(differences))
    assert interval.num_samples == num_seeds


def test_one_difference_or_none_has_no_interval() -> None:
    assert t_interval([1.0]) is None
    assert t_interval([]) is None


def test_equal_differences_have_no_spread_and_decide_nothing() -> None:
    assert t_interval([-2.0, -2.0, -2.0]) is None
    assert t_interval([0.0, 0.0]) is None


def test_an_interval_that_touches_zero_is_on_neither_side() -> None:
    for lower, upper in ((-2.0, 0.0), (0.0, 2.0)):
        interval = Interval((lower + upper) / 2, lower, upper, 0.95, 3)
        assert interval.upper >= 0.0
        assert interval.lower <= 0.0


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_out_of_range_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match=f"confidence={confidence}"):
        t_interval([1.0, 2.0], confidence)


def test_mean_and_std_are_those_of_the_sample() -> None:
    assert sample_mean(ENSEMBLE) == pytest.approx(reference.mean(ENSEMBLE))
    assert sample_std(ENSEMBLE) == pytest.approx(reference.stdev(ENSEMBLE))
    assert sample_std([3.0]) is None
    with pytest.raises(ValueError, match="no values"):
        sample_mean([])


def test_differences_that_only_rounding_sets_apart_decide_nothing() -> None:
    errors = [(100 * wrong / 1497, 100 * (wrong + 10) / 1497) for wrong in (20, 31, 47)]
    differences = [ensemble - single for ensemble, single in errors]

    assert len(set(differences)) > 1
    assert t_interval(differences) is None
