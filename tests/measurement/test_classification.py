"""Against plain numpy, written from the definitions."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from ensemble_switchover.measurement.classification import classify, disagreement


@pytest.fixture
def predictions():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.randn(3, 200, 5, generator=generator).mul(2).softmax(dim=-1)
    labels = torch.randint(0, 5, (200,), generator=generator)
    return probabilities, labels


def test_errors_and_scores(predictions):
    probabilities, labels = predictions
    members, truth = probabilities.numpy().astype(np.float64), labels.numpy()
    ensemble = members.mean(axis=0)

    result = classify(probabilities, labels)

    assert result.test_error == pytest.approx(100 * (ensemble.argmax(1) != truth).mean())
    assert result.member_test_errors == pytest.approx(
        [100 * (member.argmax(1) != truth).mean() for member in members]
    )
    assert result.nll == pytest.approx(-np.log(ensemble[np.arange(200), truth]).mean(), rel=1e-5)
    assert result.brier == pytest.approx(
        ((ensemble - np.eye(5)[truth]) ** 2).sum(axis=1).mean(), rel=1e-5
    )


def test_calibration_error(predictions):
    probabilities, labels = predictions
    ensemble, truth = probabilities.double().mean(dim=0).numpy(), labels.numpy()
    confidence, right = ensemble.max(axis=1), ensemble.argmax(axis=1) == truth
    edges = np.linspace(0, 1, 16)
    expected = 0.0
    for lower, upper in pairwise(edges):
        chosen = (confidence > lower) & (confidence <= upper)
        if chosen.any():
            expected += chosen.mean() * abs(right[chosen].mean() - confidence[chosen].mean())
    assert classify(probabilities, labels).ece == pytest.approx(expected, abs=1e-6)


def test_the_ensemble_averages_probabilities_and_not_votes():
    sure, unsure = [0.0, 1.0], [0.6, 0.4]
    probabilities = torch.tensor([[sure], [unsure], [unsure]])
    assert classify(probabilities, torch.tensor([1])).test_error == 0


def test_disagreement():
    assert disagreement(torch.tensor([[0, 1, 2, 3], [0, 1, 2, 0], [0, 0, 2, 0]])) == pytest.approx(
        (1 / 4 + 2 / 4 + 1 / 4) / 3
    )
    assert disagreement(torch.tensor([[0, 1]])) is None


def test_a_certain_mistake_has_a_finite_nll():
    result = classify(torch.tensor([[[1.0, 0.0]]]), torch.tensor([1]))
    assert np.isfinite(result.nll)
    assert result.nll > 80
