"""Against loops over members and thresholds, and the bounds against made-up ensembles."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import mode

from ensemble_switchover.measurement.quality.member_votes import (
    is_competent_ensemble,
    majority,
    measure_votes,
)


def drawn(k, classes, seed=0, skill=0.7, num_images=200):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, num_images)
    hard = generator.random(num_images)
    right = generator.random((k, num_images)) < skill + 0.5 * (hard - 0.5)
    return np.where(right, labels, generator.integers(0, classes, (k, num_images))), labels


@pytest.mark.parametrize(("k", "classes"), [(2, 2), (3, 2), (4, 10), (7, 3), (2, 1)])
def test_they_are_those_of_a_loop(k, classes):
    answers, labels = drawn(k, classes)
    found = measure_votes(answers, labels, classes)
    errors = [100 * (own != labels).mean() for own in answers]
    assert found.mean_member_error_percent == pytest.approx(np.mean(errors))
    pairs = [(one != other).mean() for one, other in combinations(answers, 2)]
    assert found.disagreement == pytest.approx(np.mean(pairs))
    votes = mode(answers, axis=0).mode  # of equally frequent ones the smallest
    np.testing.assert_array_equal(majority(answers), votes)
    assert found.vote_error_percent == pytest.approx(100 * (votes != labels).mean())
    if classes == 1:
        assert (found.improvement_upper, found.improvement_lower) == (None, None)
        return
    with_itself = np.mean([(one != other).mean() for one, other in product(answers, repeat=2)])
    ratio = with_itself / np.mean(errors) * 100
    assert found.improvement_upper == pytest.approx(ratio)
    lower = 2 * (classes - 1) / classes * ratio - (3 * classes - 4) / classes
    assert found.improvement_lower == pytest.approx(lower)


def competent_by_loop(answers, labels):
    """By the definition, at many thresholds."""
    shares = (answers != labels).mean(axis=0)
    for t in [*np.linspace(0, 0.5, 101), *(j / len(answers) for j in range(len(answers) // 2 + 1))]:
        below = ((shares >= t - 1e-9) & (shares < 0.5 - 1e-9)).sum()
        above = ((shares >= 0.5 - 1e-9) & (shares <= 1 - t + 1e-9)).sum()
        if below < above:
            return False
    return True


@pytest.mark.parametrize("k", [2, 3, 4, 5, 8])
def test_competence_is_that_of_the_definition(k):
    seen = set()
    for seed in range(40):
        answers, labels = drawn(k, 2, seed, skill=0.5 + 0.012 * seed, num_images=12)
        expected = competent_by_loop(answers, labels)
        assert is_competent_ensemble(answers, labels) is expected
        seen.add(expected)
    assert seen == {True, False}


@pytest.mark.parametrize("classes", [2, 3, 6])
@pytest.mark.parametrize("k", [3, 5, 9])
def test_the_vote_is_within_its_bounds(k, classes):
    competent = 0
    for seed in range(60):
        answers, labels = drawn(k, classes, seed, skill=0.45 + 0.008 * seed, num_images=40)
        found = measure_votes(answers, labels, classes)
        rate = 1 - found.vote_error_percent / found.mean_member_error_percent
        assert rate <= found.improvement_upper + 1e-12
        if found.is_competent:
            competent += 1
            assert rate >= -1e-12
            assert rate >= found.improvement_lower - 1e-12
    assert competent > 5


def test_members_that_never_err_have_no_rates():
    labels = np.array([0, 1, 1])
    found = measure_votes(np.array([labels, labels]), labels, 2)
    assert (found.improvement_upper, found.improvement_lower) == (None, None)
    assert (found.disagreement, found.vote_error_percent, found.is_competent) == (0.0, 0.0, True)


def test_a_single_network_has_no_votes():
    assert measure_votes(np.array([[0, 1]]), np.array([0, 1]), 2) is None
