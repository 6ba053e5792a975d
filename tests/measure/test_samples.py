"""Percentiles, and when times have converged."""

import numpy as np
import pytest

from ensemble_switchover.measure.samples import Sample, percentile, summarise_sample


@pytest.mark.parametrize("q", [0, 25, 50, 90, 99, 100])
def test_percentiles_are_those_of_numpy(q):
    values = np.random.default_rng(q).exponential(size=37).tolist()
    assert percentile(values, q) == pytest.approx(np.percentile(values, q))


def test_a_spread_needs_ten_passes():
    assert Sample(passes=[0.001] * 9).spread == float("inf")
    assert summarise_sample(Sample([0.001] * 9, [0.001] * 9), 1, 1)["spread_percent"] is None
