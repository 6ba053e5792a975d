"""The quality of predictions, as a record has it."""

import numpy as np
import pytest
from pydantic import TypeAdapter
from sklearn.metrics import balanced_accuracy_score

from ensemble_switchover.results import measure_quality as module
from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.predictions import Predictions
from ensemble_switchover.results.quality_record import QualityRecord


def made_up(k=3, classes=4, dtype=np.float64, num_images=200):
    generator = np.random.default_rng(k)
    labels = generator.integers(0, classes, num_images)
    truth = np.eye(classes)[labels]
    probabilities = 0.2 * truth + 0.8 * generator.dirichlet(np.ones(classes), (k, num_images))
    return Predictions.of_probabilities(probabilities.astype(dtype), labels)


def test_it_is_that_of_the_mean_of_the_members():
    predictions = made_up()
    found = measure_quality(predictions)
    mean = predictions.probabilities.mean(axis=0)
    labels, answers = predictions.labels, mean.argmax(axis=1)
    expected = 100 * (1 - balanced_accuracy_score(labels, answers))
    assert found.balanced_error_percent == pytest.approx(expected)
    assert found.num_images == sum(found.class_images) == 200
    assert sum(count for *_, count in found.confusions) == (answers != labels).sum()
    errors = (predictions.probabilities.argmax(axis=2) != labels).mean(axis=1)
    rate = 1 - (answers != labels).mean() / errors.mean()
    assert found.ensemble_improvement_rate == pytest.approx(rate)
    assert found.coverage_at_1_percent_risk <= found.coverage_at_2_percent_risk
    assert found.coverage_at_2_percent_risk <= found.coverage_at_5_percent_risk <= 1
    adapter = TypeAdapter(QualityRecord)
    assert adapter.validate_json(adapter.dump_json(found)) == found


def test_half_precision_does_not_tell_what_is_calibrated():
    found = measure_quality(made_up(dtype=np.float16))
    assert found.from_half
    assert found.temperature is found.calibrated_nll_nats is found.calibrated_ece is None
    assert found.aurc == pytest.approx(measure_quality(made_up()).aurc, abs=1e-3)


def test_a_single_network_has_no_votes_and_an_empty_class_no_error():
    predictions = made_up(k=1)
    labels = np.where(predictions.labels == 2, 0, predictions.labels)
    found = measure_quality(Predictions(predictions.log_probabilities, labels))
    assert found.class_error_percent[2] is None
    assert found.class_images[2] == 0
    assert found.disagreement_error_ratio is found.ensemble_improvement_rate is None
    assert found.vote_error_percent is found.is_competent is None


def test_one_image_and_one_class():
    found = measure_quality(Predictions.of_probabilities(np.ones((2, 1, 1)), np.zeros(1, int)))
    assert (found.balanced_error_percent, found.aurc, found.confusions) == (0.0, 0.0, [])
    assert (found.disagreement_error_ratio, found.ensemble_improvement_rate) == (None, None)


def test_of_too_many_pairs_the_most_frequent_are_kept(monkeypatch):
    every = measure_quality(made_up())
    monkeypatch.setattr(module, "MAX_CONFUSIONS", 2)
    found = measure_quality(made_up())
    assert found.confusions == every.confusions[:2]
    assert found.num_confusions == len(every.confusions) > 2
