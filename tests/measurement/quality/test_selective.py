"""Against loops over thresholds, and scikit-learn's way of sorting."""

import numpy as np
import pytest

from ensemble_switchover.measurement.quality.selective import (
    area_under_risk_coverage,
    coverage_at_risk,
    risk_coverage,
)


def drawn(num_images=120, ties=0, seed=0):
    generator = np.random.default_rng(seed)
    scores = generator.random(num_images)
    if ties:
        scores = np.ceil(scores * ties) / ties
    return scores, generator.random(num_images) > scores**0.3


def points(scores, wrong):
    """Coverage and risk of every threshold that is a score, image by image."""
    found = []
    for threshold in scores:
        answered = [w for s, w in zip(scores, wrong, strict=True) if s >= threshold]
        found.append((len(answered) / len(scores), sum(map(bool, answered)) / len(answered)))
    return found


@pytest.mark.parametrize("ties", [0, 1, 2, 10])
def test_they_are_those_of_a_loop_over_thresholds(ties):
    scores, wrong = drawn(ties=ties)
    curve, expected = risk_coverage(scores, wrong), points(scores, wrong)
    assert sorted(set(zip(curve.coverage, curve.risk, strict=True))) == sorted(set(expected))
    mean_risk = sum(risk for _, risk in expected) / len(expected)
    assert area_under_risk_coverage(curve) == pytest.approx(mean_risk)
    for asked in (0.0, 0.01, 0.05, 0.2, 0.5, 1.0):
        best = max((coverage for coverage, risk in expected if risk <= asked), default=0.0)
        assert coverage_at_risk(curve, asked) == best


def test_the_order_of_images_does_not_matter():
    scores, wrong = drawn(ties=4)
    order = np.random.default_rng(1).permutation(len(scores))
    curve, other = risk_coverage(scores, wrong), risk_coverage(scores[order], wrong[order])
    np.testing.assert_array_equal(curve.risk, other.risk)


def test_edges():
    right, wrong = np.zeros(4, dtype=bool), np.ones(4, dtype=bool)
    scores = np.array([0.9, 0.8, 0.8, 0.1])
    never, always = risk_coverage(scores, right), risk_coverage(scores, wrong)
    assert (area_under_risk_coverage(never), coverage_at_risk(never, 0.0)) == (0.0, 1.0)
    assert (area_under_risk_coverage(always), coverage_at_risk(always, 0.99)) == (1.0, 0.0)
    one = risk_coverage(np.array([0.5]), np.array([True]))
    assert (area_under_risk_coverage(one), coverage_at_risk(one, 0.05)) == (1.0, 0.0)
    # exactly 1 of 100 is a risk of 1 %, however 0.01 is rounded
    scores = np.arange(100, 0, -1) / 100
    curve = risk_coverage(scores, np.arange(100) == 99)
    assert coverage_at_risk(curve, 0.01) == 1.0


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="nan"):
        risk_coverage(np.array([0.5, np.nan]), np.array([True, False]))
