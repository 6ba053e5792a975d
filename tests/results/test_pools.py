"""Predictions of several runs as one pool of members."""

import numpy as np
import pytest

from ensemble_switchover.results import pools
from ensemble_switchover.results.pools import read_pool
from ensemble_switchover.results.predictions import Predictions, predictions_file


@pytest.fixture
def kept(monkeypatch):
    """Predictions that folders keep, by their names."""
    found = {}
    monkeypatch.setattr(pools, "read_predictions", lambda folder, epoch: found.get(folder.name))
    return found


def predictions(value, labels=(0, 1)):
    return Predictions.of_probabilities(np.full((1, 2, 2), value), np.array(labels))


def test_the_first_of_each_run_that_kept_them_counts(kept, tmp_path):
    kept.update(b=predictions(0.25), c=predictions(0.5), d=predictions(0.75))
    runs = [[tmp_path / "a", tmp_path / "b"], [tmp_path / "c", tmp_path / "d"], [tmp_path / "e"]]
    pool, left_out = read_pool(runs, 3)
    assert left_out == {}
    assert pool.probabilities[:, 0, 0].tolist() == [0.25, 0.5]
    assert read_pool([[tmp_path / "a"]], 3) == (None, {})


def test_predictions_of_other_images_are_left_out(kept, tmp_path):
    kept.update(b=predictions(0.25), c=predictions(0.5, labels=(1, 1)), d=predictions(0.75))
    runs = [[tmp_path / "b"], [tmp_path / "c", tmp_path / "d"]]
    pool, left_out = read_pool(runs, 3)
    assert pool.probabilities[:, 0, 0].tolist() == [0.25, 0.75]
    file = tmp_path / "c" / predictions_file(3)
    assert left_out == {file: "predictions of other images than those of b"}
