"""Against plain double precision, where it suffices, and where it does not."""

import tracemalloc

import numpy as np
import pytest

from ensemble_switchover.measurement.quality import ensemble_answers
from ensemble_switchover.measurement.quality.ensemble_answers import (
    EnsembleAnswers,
    mean_log_probabilities,
)


@pytest.mark.parametrize(("k", "classes"), [(1, 3), (4, 10), (3, 1)])
def test_the_mean_of_the_members(k, classes, monkeypatch):
    monkeypatch.setattr(ensemble_answers, "VALUES_AT_ONCE", 7 * k * classes)
    members = np.random.default_rng(k).dirichlet(np.full(classes, 0.3), (k, 50))
    found = EnsembleAnswers.of(np.log(members).astype(np.float32))
    mean = members.mean(axis=0)
    np.testing.assert_array_equal(found.answers, mean.argmax(axis=1))
    np.testing.assert_allclose(np.exp(found.log_confidences), mean.max(axis=1), rtol=1e-6)
    np.testing.assert_allclose(
        np.exp(found.relative), mean / mean.max(axis=1, keepdims=True), rtol=1e-5
    )
    assert found.relative.max(axis=1).tolist() == [0.0] * 50


def test_memory_beside_the_predictions_is_that_of_a_part(monkeypatch):
    logarithms = np.full((8, 2000, 50), np.log(0.02), dtype=np.float32)  # 3.2 MB, 6.4 in double
    monkeypatch.setattr(ensemble_answers, "VALUES_AT_ONCE", 10_000)
    tracemalloc.start()
    try:
        mean = mean_log_probabilities(logarithms)  # 0.8 MB
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5e6
    np.testing.assert_allclose(mean, np.log(0.02), rtol=1e-6)


def test_confidences_that_single_precision_calls_1_keep_their_order():
    rest = [1e-9, 1e-12, 1e-11]
    members = np.array([[[np.log1p(-r), np.log(r)] for r in rest]] * 3, dtype=np.float32)
    found = EnsembleAnswers.of(members)
    assert (np.exp(found.log_confidences).astype(np.float32) == 1).all()
    assert np.argsort(found.log_confidences).tolist() == [0, 2, 1]


def test_what_vanishes_in_single_precision_is_averaged():
    logarithms = np.array([[[0.0, -800.0]], [[0.0, -801.0]]])
    expected = -800 + np.log((1 + np.exp(-1)) / 2)
    assert mean_log_probabilities(logarithms)[0, 1] == pytest.approx(expected)
    never = np.array([[[0.0, -np.inf]], [[-np.inf, 0.0]]])
    assert np.exp(mean_log_probabilities(never)).tolist() == [[0.5, 0.5]]
    assert np.isneginf(mean_log_probabilities(np.full((2, 1, 3), -np.inf))).all()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_probability_is_refused(odd):
    with pytest.raises(ValueError, match="expected those of probabilities"):
        EnsembleAnswers.of(np.array([[[odd, -np.inf]]]))
