"""The difference of two designs' errors against scipy.stats."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ensemble_switchover.analysis.decision_rule import METHODS, MIN_SEEDS, DecisionRule
from ensemble_switchover.analysis.difference import (
    compare_errors,
    critical_rank,
    difference_interval,
)

WELCH, PAIRED, RANKS = (DecisionRule(method) for method in METHODS)
CONFIDENCES = (0.5, 0.8, 0.9, 0.95, 0.999)
NAN, INFINITY = math.nan, math.inf

# Errors of test sets of 1,497 images, so that ties and equal values are as frequent as in a study.
errors = st.integers(0, 150).map(lambda wrong: 100.0 * wrong / 1497.0)
designs = st.dictionaries(st.integers(0, 12), errors, max_size=9)


def random_design(random, num_seeds, num_epochs, missing=0.0, first_seed=0):
    values = random.normal(random.uniform(-1, 1), random.uniform(0.2, 3), (num_seeds, num_epochs))
    values[random.random(values.shape) < missing] = NAN
    return {first_seed + seed: values[seed] for seed in range(num_seeds)}


def finite(design, epoch=0):
    return [value[epoch] for value in design.values() if math.isfinite(value[epoch])]


def expect_interval(found, epoch, low, high):
    assert found.lower[epoch] == pytest.approx(low, rel=1e-9, abs=1e-12)
    assert found.upper[epoch] == pytest.approx(high, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("num_seeds", [(3, 3), (3, 10), (4, 5), (12, 3)])
def test_welch_is_scipys_with_missing_errors_and_unequal_numbers(num_seeds, confidence):
    random = np.random.default_rng(num_seeds)
    num_epochs, judged = 20, 0
    first = random_design(random, num_seeds[0] + 2, num_epochs, missing=0.2)
    second = random_design(random, num_seeds[1] + 2, num_epochs, missing=0.2, first_seed=3)

    found = compare_errors(first, second, DecisionRule("welch", confidence))

    for epoch in range(num_epochs):
        one, other = finite(first, epoch), finite(second, epoch)
        assert (found.num_first[epoch], found.num_second[epoch]) == (len(one), len(other))
        assert found.mean[epoch] == pytest.approx(np.mean(one) - np.mean(other))
        if min(len(one), len(other)) < MIN_SEEDS:
            assert found.interval(epoch, confidence) is None
            continue
        columns = ([value[epoch] for value in design.values()] for design in (first, second))
        test = stats.ttest_ind(*columns, equal_var=False, nan_policy="omit")
        expect_interval(found, epoch, *test.confidence_interval(confidence))
        decided = found.upper[epoch] < 0 or found.lower[epoch] > 0
        assert decided == (test.pvalue < 1 - confidence)
        judged += 1
    assert judged >= 10


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_paired_t_is_scipys_over_the_seeds_that_both_have(confidence):
    random = np.random.default_rng(5)
    num_epochs, judged = 20, 0
    first = random_design(random, 6, num_epochs, missing=0.15)
    second = random_design(random, 7, num_epochs, missing=0.15, first_seed=1)
    shared = sorted(first.keys() & second.keys())

    found = compare_errors(first, second, DecisionRule("paired_t", confidence))

    for epoch in range(num_epochs):
        pairs = [(first[seed][epoch], second[seed][epoch]) for seed in shared]
        pairs = [pair for pair in pairs if np.isfinite(pair).all()]
        assert found.num_first[epoch] == found.num_second[epoch] == len(pairs)
        if len(pairs) < MIN_SEEDS:
            assert found.interval(epoch, confidence) is None
            continue
        test = stats.ttest_rel(*zip(*pairs, strict=True))
        expect_interval(found, epoch, *test.confidence_interval(confidence))
        judged += 1
    assert judged >= 10


@settings(deadline=None)
@given(designs, designs, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_ranks_decide_only_where_scipys_exact_test_does_and_always_without_ties(
    first, second, confidence
):
    interval = difference_interval(first, second, DecisionRule("mann_whitney", confidence))
    one, other = list(first.values()), list(second.values())
    if min(len(one), len(other)) < MIN_SEEDS:
        assert interval is None
        return
    tied = not set(one).isdisjoint(other)
    for side, decided in (
        ("less", interval is not None and interval.upper < 0),
        ("greater", interval is not None and interval.lower > 0),
    ):
        test = stats.mannwhitneyu(one, other, alternative=side, method="exact")
        rejects = test.pvalue <= (1 - confidence) / 2 + 1e-9
        assert not decided or rejects
        has_spread = np.ptp(np.subtract.outer(one, other)) > 1e-10
        assert tied or not has_spread or decided == rejects


@pytest.mark.parametrize("level", [0.005, 0.025, 0.05, 0.1])
def test_critical_ranks_are_the_largest_that_scipys_exact_test_rejects(level):
    for m in range(1, 8):
        for n in range(1, 8):
            values = [-1.0] * (m * n + 1)
            for u in range(m * n + 1):
                low, high = sample_with_statistic(m, n, u)
                test = stats.mannwhitneyu(low, high, alternative="less", method="exact")
                assert test.statistic == u
                values[u] = test.pvalue
            rejected = [u for u, value in enumerate(values) if value <= level + 1e-12]
            assert critical_rank(m, n, level) == (max(rejected) if rejected else None)


def sample_with_statistic(m, n, u):
    """Make samples without ties of which `u` pairs have the larger value in the first."""
    second = list(range(n))
    full, rest = divmod(u, n)
    above = [n + place for place in range(full)]
    partly = [rest - 0.5] if full < m else []
    below = [-1.0 - place for place in range(m - full - len(partly))]
    return above + partly + below, second


def test_the_interval_by_ranks_is_of_order_statistics_of_the_pairs():
    first, second = {0: 1.0, 1: 2.0, 2: 4.0}, {0: 10.0, 1: 20.0, 2: 40.0}
    interval = difference_interval(first, second, RANKS)
    assert interval is not None
    assert (interval.lower, interval.upper) == (1.0 - 40.0, 4.0 - 10.0)
    assert interval.mean == pytest.approx(7.0 / 3.0 - 70.0 / 3.0)
    assert difference_interval(first, second, DecisionRule("mann_whitney", 0.95)) is None


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None)
@given(
    first=designs,
    second=designs,
    factor=st.sampled_from([0.01, 3.0, 1000.0]),
    shift=st.sampled_from([-7.5, 0.0, 40.0]),
)
def test_units_order_and_sides_do_not_matter(method, first, second, factor, shift):
    rule = DecisionRule(method)
    interval = difference_interval(first, second, rule)

    swapped = difference_interval(second, first, rule)
    reordered = difference_interval(
        dict(sorted(first.items(), reverse=True)), dict(reversed(second.items())), rule
    )
    scaled = difference_interval(
        {seed: factor * error for seed, error in first.items()},
        {seed: factor * error + shift for seed, error in second.items()},
        rule,
    )

    if interval is None:
        assert swapped is reordered is scaled is None
        return
    assert interval.lower <= interval.mean + 1e-9
    assert interval.mean <= interval.upper + 1e-9
    assert swapped is not None
    assert reordered is not None
    assert scaled is not None
    wanted = np.array([interval.mean, interval.lower, interval.upper])
    assert [reordered.mean, reordered.lower, reordered.upper] == pytest.approx(wanted, abs=1e-9)
    assert [-swapped.mean, -swapped.upper, -swapped.lower] == pytest.approx(wanted, abs=1e-9)
    numbers = np.array([scaled.mean, scaled.lower, scaled.upper])
    assert numbers == pytest.approx(factor * wanted - shift, rel=1e-6, abs=1e-9 * max(1, factor))


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(0, 9), errors, min_size=3),
    st.dictionaries(st.integers(0, 9), errors, min_size=3),
)
def test_a_higher_confidence_never_decides_more(first, second):
    for method in METHODS:
        found = [difference_interval(first, second, DecisionRule(method, c)) for c in CONFIDENCES]
        widths = [each.upper - each.lower if each else math.inf for each in found]
        assert widths == sorted(widths) or len(set(widths)) == 1


@pytest.mark.parametrize("method", METHODS)
def test_an_epoch_is_judged_by_itself(method):
    random = np.random.default_rng(11)
    first, second = random_design(random, 5, 4), random_design(random, 5, 4)
    first[2][1], second[0][1], second[1][3] = NAN, INFINITY, -INFINITY
    together = compare_errors(first, second, DecisionRule(method))
    for epoch in range(4):
        alone = difference_interval(
            {seed: curve[epoch] for seed, curve in first.items()},
            {seed: curve[epoch] for seed, curve in second.items()},
            DecisionRule(method),
        )
        assert together.interval(epoch, 0.9) == alone


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("odd", [NAN, INFINITY, -INFINITY])
def test_an_error_that_is_no_number_is_as_if_its_run_were_not_there(method, odd):
    first, second = {0: 1.0, 1: 2.5, 2: 3.0, 4: 2.0}, {0: 2.0, 1: 4.0, 2: 4.5, 3: 6.0}
    wanted = difference_interval(first, second, DecisionRule(method))
    assert wanted is not None
    assert difference_interval({**first, 5: odd}, second, DecisionRule(method)) == wanted
    assert difference_interval(first, {**second, 5: odd}, DecisionRule(method)) == wanted


@pytest.mark.parametrize("method", METHODS)
def test_fewer_than_three_seeds_decide_nothing(method):
    rule, far = DecisionRule(method), {0: 50.0, 1: 51.0, 2: 53.0}
    for few in ({}, {0: 1.0}, {0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0, 2: NAN}):
        assert difference_interval(few, far, rule) is None
        assert difference_interval(far, few, rule) is None
    assert difference_interval({0: 1.0, 1: 2.0, 2: 2.5}, far, rule) is not None


@pytest.mark.parametrize("method", METHODS)
def test_equal_errors_decide_nothing_and_rounding_is_no_spread(method):
    rule = DecisionRule(method)
    one, other = dict.fromkeys(range(4), 2.0), dict.fromkeys(range(4), 5.0)
    assert difference_interval(one, other, rule) is None
    rounded = {seed: 100 * 30 / 1497 + sign * 1e-14 for seed, sign in enumerate((-1, 0, 1, 1))}
    assert difference_interval(rounded, other, rule) is None
    assert difference_interval(one, one, rule) is None


def test_one_side_without_spread_is_enough_for_welch():
    flat, spread = dict.fromkeys(range(4), 2.0), {0: 5.0, 1: 6.0, 2: 7.0}
    interval = difference_interval(flat, spread, WELCH)
    expected = stats.t.interval(0.9, 2, loc=-4.0, scale=math.sqrt(1.0 / 3.0))
    assert interval is not None
    assert [interval.lower, interval.upper] == pytest.approx(expected)
    assert interval.num_samples == 3


def test_designs_without_a_common_seed_compare_as_samples_and_not_as_pairs():
    first, second = {0: 1.0, 1: 2.0, 2: 3.0}, {3: 11.0, 4: 12.0, 5: 13.5}
    assert difference_interval(first, second, WELCH) is not None
    assert difference_interval(first, second, RANKS) is not None
    assert difference_interval(first, second, PAIRED) is None


def test_a_design_without_any_finite_error_has_no_mean():
    found = compare_errors({0: [NAN, 1.0]}, {0: [2.0, 2.0]})
    assert math.isnan(found.mean[0])
    assert found.mean[1] == -1.0
    assert found.num_first.tolist() == [0, 1]


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, NAN])
def test_a_confidence_out_of_range_is_refused(confidence):
    with pytest.raises(ValueError, match="expected a number between 0 and 1"):
        compare_errors({0: [1.0]}, {0: [2.0]}, DecisionRule(confidence=confidence))
