"""The quality of a run that ends, which never costs the run."""

import numpy as np
import pytest

from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.predictions import Predictions
from ensemble_switchover.runner import final_quality
from ensemble_switchover.runner.final_quality import run_quality
from ensemble_switchover.runner.run import train_and_measure

PREDICTIONS = Predictions.of_probabilities(np.full((2, 4, 2), 0.5), np.zeros(4, int))


def test_it_is_that_of_the_last_predictions():
    assert run_quality(PREDICTIONS) == measure_quality(PREDICTIONS)
    assert run_quality(None) is None


def test_what_is_no_probability_costs_the_quality_alone(caplog):
    odd = Predictions(PREDICTIONS.log_probabilities * np.float32("nan"), PREDICTIONS.labels)
    assert run_quality(odd) is None
    (told,) = caplog.messages
    assert told.startswith("no quality beyond error: log-probabilities: expected")


def test_want_of_memory_costs_the_quality_alone(monkeypatch, caplog):
    def too_much(predictions):
        raise MemoryError

    monkeypatch.setattr(final_quality, "measure_quality", too_much)
    assert run_quality(PREDICTIONS) is None
    assert caplog.messages[0].endswith("the memory of this machine does not suffice")


@pytest.mark.slow
@pytest.mark.parametrize("which", ["none", "final"])
def test_a_run_has_it_whether_it_keeps_predictions_or_not(which, tiny_spec):
    small = ("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2")
    spec, config = tiny_spec(*small, f"record.predictions={which}")
    record = train_and_measure(spec, config)
    quality, last = record.quality, record.epochs[-1]
    assert quality.num_images == spec.sizes.test
    assert quality.balanced_error_percent == pytest.approx(last.balanced_error_percent)
    mean_error = np.mean(last.member_error_percent)
    assert quality.disagreement_error_ratio == pytest.approx(100 * last.disagreement / mean_error)
    expected = 1 - last.error_percent / mean_error
    assert quality.ensemble_improvement_rate == pytest.approx(expected)
    assert (last.ece_bins, record.epochs[0].ece_bins) == ("closed", "closed")
