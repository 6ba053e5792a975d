"""Against plain numpy, written from the definitions."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from ensemble_switchover.measurement.classification import (
    adaptive_ece,
    balanced_error_percent,
    brier,
    disagreement,
    ece,
    error_correlation,
    error_percent,
    nll_nats,
    of_each_member,
    of_ensemble,
)
from ensemble_switchover.measurement.quality.calibration import (
    adaptive_calibration_error,
    expected_calibration_error,
)


@pytest.fixture
def predictions():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.randn(3, 200, 5, generator=generator).mul(2).softmax(dim=-1)
    labels = torch.randint(0, 5, (200,), generator=generator)
    return probabilities, labels


def test_errors_and_scores(predictions):
    probabilities, labels = predictions
    members, truth = probabilities.numpy().astype(np.float64), labels.numpy()

    for expected, measured in zip(
        [members.mean(axis=0), *members], [probabilities.mean(dim=0), *probabilities], strict=True
    ):
        wrong = 100 * (expected.argmax(1) != truth).mean()
        assert error_percent(measured, labels) == pytest.approx(wrong)
        likelihood = expected[np.arange(200), truth]
        assert nll_nats(measured, labels) == pytest.approx(-np.log(likelihood).mean(), rel=1e-5)
        distance = ((expected - np.eye(5)[truth]) ** 2).sum(axis=1).mean()
        assert brier(measured, labels) == pytest.approx(distance, rel=1e-5)


def test_a_measure_is_of_the_mean_or_of_each_member(predictions):
    probabilities, labels = predictions
    assert of_ensemble(brier)(probabilities, labels) == brier(probabilities.mean(dim=0), labels)
    assert of_each_member(ece)(probabilities, labels) == [ece(one, labels) for one in probabilities]


@pytest.mark.parametrize("member", [None, 0, 2])
def test_calibration_error(predictions, member):
    probabilities, labels = predictions
    of = probabilities.double()
    ensemble = (of.mean(dim=0) if member is None else of[member]).numpy()
    truth = labels.numpy()
    confidence, right = ensemble.max(axis=1), ensemble.argmax(axis=1) == truth
    edges = np.linspace(0, 1, 16)
    expected = 0.0
    for lower, upper in pairwise(edges):
        chosen = (confidence > lower) & (confidence <= upper)
        if chosen.any():
            expected += chosen.mean() * abs(right[chosen].mean() - confidence[chosen].mean())
    measured = probabilities.mean(dim=0) if member is None else probabilities[member]
    assert ece(measured, labels) == pytest.approx(expected, abs=1e-6)


def test_the_ensemble_averages_probabilities_and_not_votes():
    sure, unsure = [0.0, 1.0], [0.6, 0.4]
    probabilities = torch.tensor([[sure], [unsure], [unsure]])
    assert of_ensemble(error_percent)(probabilities, torch.tensor([1])) == 0


def test_disagreement():
    labels = torch.zeros(4, dtype=torch.long)
    classes = torch.tensor([[0, 1, 2, 3], [0, 1, 2, 0], [0, 0, 2, 0]])
    probabilities = functional.one_hot(classes).float()
    assert disagreement(probabilities, labels) == pytest.approx((1 / 4 + 2 / 4 + 1 / 4) / 3)
    assert disagreement(probabilities[:1], labels) is None


def test_error_correlation(predictions):
    probabilities, labels = predictions
    wrong = probabilities.argmax(dim=-1).numpy() != labels.numpy()
    pairs = [np.corrcoef(wrong[a], wrong[b])[0, 1] for a, b in combinations(range(3), 2)]
    assert error_correlation(probabilities, labels) == pytest.approx(np.mean(pairs))


def test_a_member_without_errors_correlates_with_none():
    always, never = [True] * 4, [False] * 4
    some, same, opposite = [True, False] * 2, [True, False] * 2, [False, True] * 2

    def correlation(*errors):
        probabilities = functional.one_hot(torch.tensor(errors).long(), 2).float()
        return error_correlation(probabilities, torch.zeros(4, dtype=torch.long))

    assert correlation(some, never, same) == pytest.approx(1)
    assert correlation(some, opposite, always) == pytest.approx(-1)
    assert correlation(some, never) is None
    assert correlation(some) is None


def test_a_certain_mistake_has_a_finite_nll():
    assert 80 < nll_nats(torch.tensor([[1.0, 0.0]]), torch.tensor([1])) < np.inf


def test_measures_of_arrays_are_given_confidences_and_answers(predictions):
    probabilities, labels = predictions
    values, truth = probabilities[0].numpy(), labels.numpy()
    confidences, right = values.max(axis=1), values.argmax(axis=1) == truth
    assert ece(probabilities[0], labels) == expected_calibration_error(confidences, right)
    assert adaptive_ece(probabilities[0], labels) == adaptive_calibration_error(confidences, right)
    by_class = [100 * (1 - right[truth == one].mean()) for one in range(5)]
    assert balanced_error_percent(probabilities[0], labels) == pytest.approx(np.mean(by_class))
    sure = torch.tensor([[0.95, 0.05], [1.0, 0.0]])
    assert ece(sure, torch.tensor([0, 1])) == pytest.approx(0.475)
