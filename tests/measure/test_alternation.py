"""Times by fake clocks."""

import numpy as np
import pytest

from ensemble_switchover.measure.alternation import time_alternately
from ensemble_switchover.measure.samples import MIN_CALLS, summarise_sample
from tests.measure.clocks import Clock, endless


def test_a_model_that_sleeps_known_times_has_their_percentiles():
    clock = Clock()
    milliseconds = np.random.default_rng(0).permutation([1.0] * 85 + [2.0] * 10 + [8.0] * 5)
    (sample,) = time_alternately([[clock.sleeper(milliseconds / 1e3)]], 1.0, clock)
    figures = summarise_sample(sample, batch_size=4, num_images=4)
    assert figures["num_calls"] == MIN_CALLS == 100
    assert figures["p50_ms_per_call"] == pytest.approx(1.0)
    assert figures["p90_ms_per_call"] == pytest.approx(2.0)
    assert figures["p99_ms_per_call"] == pytest.approx(8.0)
    assert figures["mean_ms_per_image"] == pytest.approx(milliseconds.mean() / 4)
    assert figures["median_ms_per_image"] == pytest.approx(0.25)
    assert figures["images_per_second"] == pytest.approx(4e3 / milliseconds.mean())
    assert figures["steady"]


def test_repeats_go_on_until_the_quartiles_are_close():
    clock = Clock()
    jittery = [0.010, 0.020] * 60  # an interquartile range of 67 % of the median
    steady = endless([0.010])
    (sample,) = time_alternately([[clock.sleeper([*jittery, *[0.010] * 1000])]], 60.0, clock)
    calm = len(sample.calls) - len(jittery)
    values = np.array([*jittery, *[0.010] * calm])
    lower, middle, upper = np.percentile(values, [25, 50, 75])
    assert (upper - lower) / middle < 0.05
    lower, middle, upper = np.percentile(values[:-1], [25, 50, 75])
    assert (upper - lower) / middle >= 0.05
    (sample,) = time_alternately([[clock.sleeper(steady)]], 60.0, clock)
    assert len(sample.calls) == MIN_CALLS


def test_the_time_limit_ends_what_never_gets_steady():
    clock = Clock()
    begin = clock()
    (sample,) = time_alternately([[clock.sleeper(endless([0.1, 0.2]))]], 6.0, clock)
    assert clock() - begin == pytest.approx(6.0, abs=0.2)
    assert not sample.is_steady
    assert summarise_sample(sample, 1, 1)["p99_ms_per_call"] is None  # of 40 calls


def test_models_take_turns_and_share_the_limit():
    clock, log = Clock(), []
    calls = [[clock.sleeper(endless([0.01, 0.02]), log, name)] for name in "ab"]
    first, second = time_alternately(calls, 3.0, clock)
    assert log[:6] == ["a", "b", "a", "b", "a", "b"]
    assert len(first.passes) == len(second.passes)
    assert clock() - 100.0 == pytest.approx(6.0, abs=0.1)


def test_the_pass_of_a_cascade_counts_and_not_the_spread_of_its_calls():
    clock = Clock()
    batches = [clock.sleeper(endless([seconds])) for seconds in (0.001, 0.001, 0.004)]
    (sample,) = time_alternately([batches], 5.0, clock)
    figures = summarise_sample(sample, batch_size=1, num_images=3)
    assert figures["steady"]
    assert figures["spread_percent"] == pytest.approx(0)
    assert figures["mean_ms_per_image"] == pytest.approx(2.0)
    assert (figures["p50_ms_per_call"], figures["p99_ms_per_call"]) == pytest.approx((1.0, 4.0))
