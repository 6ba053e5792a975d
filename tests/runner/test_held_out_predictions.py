"""Predictions of validation images beside those of the test images."""

import numpy as np
import pytest

from ensemble_switchover.results.layout import RECORD_FILE, VALIDATION_PREDICTIONS_FILE
from ensemble_switchover.results.pools import read_predictions, read_validation_predictions
from ensemble_switchover.results.predictions import predictions_bytes
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner.job import run_job
from ensemble_switchover.sweep.shared_training import share_record

pytestmark = pytest.mark.slow

SMALL = ("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2",
         "dataset.train_size=100", "dataset.validation_size=40")  # fmt: skip


def trained(tiny_spec, *words):
    spec, config = tiny_spec(*SMALL, *words)
    run_job(spec, config, concurrent_jobs=1)
    return spec, config


@pytest.mark.parametrize("averaged", [(), ("recipe.ema_decay=0.9",)])
def test_they_are_what_an_evaluation_on_these_images_finds(averaged, tiny_spec):
    """Which images the error is measured on changes nothing of what is learnt."""
    spec, _ = trained(tiny_spec, "dataset.evaluate_on=test", "study=tested", *averaged)
    other, _ = trained(tiny_spec, "dataset.evaluate_on=validation", *averaged)
    found, expected = read_validation_predictions(spec.folder), read_predictions(other.folder, 2)
    assert found.log_probabilities.shape == (2, 40, 10)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_allclose(
        found.log_probabilities, expected.log_probabilities, rtol=1e-4, atol=1e-5
    )
    of_test = read_predictions(spec.folder, 2)
    assert of_test.log_probabilities.shape == (2, spec.sizes.test, 10)
    assert read_validation_predictions(other.folder) is None
    # 2 members and 10 classes in single precision, of test images and of validation images
    assert predictions_bytes(spec, "final") == 80 * (spec.sizes.test + 40)
    assert predictions_bytes(other, "all") == 80 * 2 * 40


def test_none_are_kept_where_none_are_asked_for_and_a_shared_training_has_them(tiny_spec):
    spec, config = trained(tiny_spec, "dataset.evaluate_on=test")
    config.study = "other"
    share_record(spec_of(tiny_spec, "study=other"), config, spec.folder)
    shared = spec.folder.parent.parent / "other" / spec.name
    assert read_record(shared / RECORD_FILE).shared_from == spec.name
    assert read_validation_predictions(shared) is not None
    without, _ = trained(
        tiny_spec, "dataset.evaluate_on=test", "study=without", "record.predictions=none"
    )
    assert not (without.folder / VALIDATION_PREDICTIONS_FILE).exists()
    assert read_validation_predictions(without.folder) is None
    assert predictions_bytes(without, "none") == 0


def spec_of(tiny_spec, *words):
    return tiny_spec(*SMALL, "dataset.evaluate_on=test", *words)[0]
