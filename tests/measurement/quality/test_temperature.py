"""Against scipy on plain probabilities, and scikit-learn's log loss."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.metrics import log_loss

from ensemble_switchover.measurement.quality import temperature
from ensemble_switchover.measurement.quality.calibration import expected_calibration_error
from ensemble_switchover.measurement.quality.ensemble_answers import EnsembleAnswers
from ensemble_switchover.measurement.quality.temperature import fit_temperature, judge_calibrated


def drawn(num_images=400, classes=5, sharpness=3.0, seed=0):
    """Members that are too sure by a factor, and labels of what they should have said."""
    generator = np.random.default_rng(seed)
    logits = 2 * generator.standard_normal((num_images, classes))
    labels = np.array([generator.choice(classes, p=softmax(row)) for row in logits])
    noise = 0.1 * generator.standard_normal((3, num_images, classes))
    return log_softmax(sharpness * logits + noise, axis=2).astype(np.float32), labels


def mean_of(members):
    return np.log(np.exp(members.astype(np.float64)).mean(axis=0))


def plain_nll(logarithms, labels, temperature_):
    return log_loss(labels, softmax(logarithms / temperature_, axis=1), labels=range(5))


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_best_one(sharpness):
    members, labels = drawn(sharpness=sharpness)
    found, plain = EnsembleAnswers.of(members), mean_of(members)
    best = fit_temperature(found.relative, found.relative[np.arange(400), labels])
    expected = minimize(
        lambda log_t: plain_nll(plain, labels, np.exp(log_t[0])), [0.0], method="Nelder-Mead"
    )
    assert best == pytest.approx(np.exp(expected.x[0]), rel=2e-3)
    assert plain_nll(plain, labels, best) == pytest.approx(expected.fun, abs=1e-6)
    assert best == pytest.approx(sharpness, rel=0.2)


def test_each_half_is_judged_with_the_temperature_of_the_other():
    members, labels = drawn()
    calibrated = judge_calibrated(EnsembleAnswers.of(members), labels)
    plain, generator = mean_of(members), np.random.default_rng(0)
    nlls, eces = [], []
    for _ in range(5):
        order = generator.permutation(400)
        halves = [order[:200], order[200:]]
        probabilities = np.empty((400, 5))
        for chosen_on, judged in (halves, halves[::-1]):
            fitted = minimize(
                lambda log_t, own=chosen_on: plain_nll(plain[own], labels[own], np.exp(log_t[0])),
                [0.0],
                method="Nelder-Mead",
            )
            probabilities[judged] = softmax(plain[judged] / np.exp(fitted.x[0]), axis=1)
        nlls.append(log_loss(labels, probabilities, labels=range(5)))
        right = probabilities.argmax(axis=1) == labels
        eces.append(expected_calibration_error(probabilities.max(axis=1), right))
    assert calibrated.nll_nats == pytest.approx(np.mean(nlls), abs=1e-5)
    assert calibrated.ece == pytest.approx(np.mean(eces), abs=2e-3)
    assert calibrated.nll_nats < plain_nll(plain, labels, 1.0)


def test_what_is_calibrated_no_longer_depends_on_how_sure_the_members_are():
    members, labels = drawn(seed=4)
    sure = (members[:1] * 7).astype(np.float32)
    sure -= np.log(np.exp(sure.astype(np.float64)).sum(axis=2, keepdims=True)).astype(np.float32)
    one, other = (
        judge_calibrated(EnsembleAnswers.of(each), labels) for each in (members[:1], sure)
    )
    assert other.nll_nats == pytest.approx(one.nll_nats, abs=1e-5)
    assert other.temperature == pytest.approx(7 * one.temperature, rel=5e-3)


def test_parts_at_once_change_nothing(monkeypatch):
    members, labels = drawn()
    whole = judge_calibrated(EnsembleAnswers.of(members), labels)
    monkeypatch.setattr(temperature, "ROWS_AT_ONCE", 35)
    assert judge_calibrated(EnsembleAnswers.of(members), labels) == whole


def test_edges():
    members, labels = drawn(num_images=40)
    found = EnsembleAnswers.of(members)
    always_right = judge_calibrated(found, found.answers)
    assert always_right.nll_nats < 1e-6
    low, _ = temperature.TEMPERATURE_BOUNDS
    assert always_right.temperature == pytest.approx(low, rel=0.01)
    assert judge_calibrated(EnsembleAnswers.of(members[:, :1]), labels[:1]) is None
    one_class = judge_calibrated(EnsembleAnswers.of(members[:, :, :1] * 0), labels * 0)
    assert (one_class.nll_nats, one_class.ece) == (0.0, 0.0)
    never = np.array([[[0.0, -np.inf]] * 4], dtype=np.float32)
    assert judge_calibrated(EnsembleAnswers.of(never), np.array([0, 0, 0, 1])) is None
    assert judge_calibrated(EnsembleAnswers.of(never), np.zeros(4, int)).nll_nats == 0.0


def test_saturated_answers_are_told_apart():
    """Half of them wrong at a confidence that single precision calls 1."""
    members = np.tile(np.array([-1e-13, -30.0], np.float32), (1, 40, 1))
    labels = np.arange(40) % 2
    calibrated = judge_calibrated(EnsembleAnswers.of(members), labels)
    assert calibrated.nll_nats == pytest.approx(np.log(2), abs=0.02)
    assert calibrated.temperature == pytest.approx(100.0, rel=0.01)  # the highest
