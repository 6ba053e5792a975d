"""Against plain numpy, written from the definitions."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch

from ensemble_switchover.measurement.classification import (
    classify,
    disagreement,
    error_correlation,
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
    ensemble = members.mean(axis=0)

    result = classify(probabilities, labels)

    found = [result.ensemble, *result.members]
    for quality, expected in zip(found, [ensemble, *members], strict=True):
        assert quality.test_error == pytest.approx(100 * (expected.argmax(1) != truth).mean())
        assert quality.nll == pytest.approx(
            -np.log(expected[np.arange(200), truth]).mean(), rel=1e-5
        )
        assert quality.brier == pytest.approx(
            ((expected - np.eye(5)[truth]) ** 2).sum(axis=1).mean(), rel=1e-5
        )


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
    result = classify(probabilities, labels)
    quality = result.ensemble if member is None else result.members[member]
    assert quality.ece == pytest.approx(expected, abs=1e-6)


def test_the_ensemble_averages_probabilities_and_not_votes():
    sure, unsure = [0.0, 1.0], [0.6, 0.4]
    probabilities = torch.tensor([[sure], [unsure], [unsure]])
    assert classify(probabilities, torch.tensor([1])).ensemble.test_error == 0


def test_disagreement():
    assert disagreement(torch.tensor([[0, 1, 2, 3], [0, 1, 2, 0], [0, 0, 2, 0]])) == pytest.approx(
        (1 / 4 + 2 / 4 + 1 / 4) / 3
    )
    assert disagreement(torch.tensor([[0, 1]])) is None


def test_error_correlation(predictions):
    probabilities, labels = predictions
    wrong = probabilities.argmax(dim=-1).numpy() != labels.numpy()
    pairs = [np.corrcoef(wrong[a], wrong[b])[0, 1] for a, b in combinations(range(3), 2)]
    assert classify(probabilities, labels).error_correlation == pytest.approx(np.mean(pairs))


def test_a_member_without_errors_correlates_with_none():
    always, never = [True] * 4, [False] * 4
    some, same, opposite = [True, False] * 2, [True, False] * 2, [False, True] * 2
    assert error_correlation(torch.tensor([some, never, same])) == pytest.approx(1)
    assert error_correlation(torch.tensor([some, opposite, always])) == pytest.approx(-1)
    assert error_correlation(torch.tensor([some, never])) is None
    assert error_correlation(torch.tensor([some])) is None


def test_a_certain_mistake_has_a_finite_nll():
    result = classify(torch.tensor([[[1.0, 0.0]]]), torch.tensor([1]))
    assert np.isfinite(result.ensemble.nll)
    assert result.ensemble.nll > 80
