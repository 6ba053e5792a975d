"""Predictions that a run keeps."""

import numpy as np
import pytest
import torch

from ensemble_switchover.results.layout import predictions_folder
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    load_predictions,
    predictions_file,
)
from ensemble_switchover.runner import kept_predictions as prediction_files
from ensemble_switchover.runner import run
from tests.training.test_epoch_result import part

pytestmark = pytest.mark.slow


def test_predictions_are_kept_as_asked_for(tiny_spec):
    spec, config = tiny_spec(
        "design=deq",
        "k=2",
        "budget.depth=8",
        "budget.width=8",
        "epochs=4",
        "record.predictions=milestones",
        "measurement.latency_batch_sizes=[]",
        "measurement.layer_repeats=0",
    )
    epochs = [2, 3, 4]
    files = {}
    record = run.train_and_measure(spec, config, keep=files.__setitem__)
    kept = {name: files[name] for name in files if name.startswith("predictions")}
    assert list(kept) == [f"predictions-epoch-{epoch:04d}.npz" for epoch in epochs]
    for epoch, content in zip(epochs, kept.values(), strict=True):
        predictions = load_predictions(content.read_bytes())
        assert predictions.probabilities.shape == (2, 60, 10)
        single = 100 * (predictions.probabilities.argmax(2) != predictions.labels).mean(axis=1)
        assert single == pytest.approx(record.epochs[epoch - 1].member_error_percent)
        mean = predictions.probabilities.mean(axis=0, dtype="float32")
        error = 100 * (mean.argmax(axis=1) != predictions.labels).mean()
        assert error == pytest.approx(record.epochs[epoch - 1].error_percent)
        likelihood = mean[np.arange(60), predictions.labels].astype(np.float64)
        assert -np.log(likelihood).mean() == pytest.approx(
            record.epochs[epoch - 1].nll_nats, rel=1e-5
        )


def test_want_of_a_file_costs_the_predictions_and_not_the_run(tiny_spec, monkeypatch, caplog):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prediction_files, "write_flushed_file", full)
    spec, config = tiny_spec("budget.depth=8", "budget.width=4")
    files = {}
    run.train_and_measure(spec, config, keep=files.__setitem__)
    assert not any(name.startswith("predictions") for name in files)
    assert caplog.messages == [
        "no predictions of epoch 1: No space left on device; make room on the disk",
        "no predictions of epoch 1 beside the record",
    ]


def test_a_file_of_a_former_process_that_was_damaged_since_is_not_kept(tiny_spec, caplog):
    spec, _ = tiny_spec("epochs=3")
    folder = predictions_folder(spec.folder)
    folder.mkdir(parents=True)
    sound = dump_predictions(
        Predictions.of_probabilities(
            np.random.default_rng(0).random((2, 50, 10)), np.arange(50) % 10
        )
    )
    (folder / predictions_file(1)).write_bytes(sound)
    half = len(sound) // 2
    (folder / predictions_file(2)).write_bytes(
        sound[:half] + bytes([sound[half] ^ 255]) + sound[half + 1 :]
    )
    files = prediction_files.PredictionFiles(spec, "all")
    assert [path.name for path in files.paths(3)] == [predictions_file(1)]
    damaged, absent = caplog.messages
    assert damaged.startswith(f"{folder / predictions_file(2)}: ")
    assert damaged.endswith("; not kept beside the record")
    assert absent == "no predictions of epoch 3 beside the record"


def test_the_last_predictions_are_held_until_they_are_taken(tiny_spec):
    spec, _ = tiny_spec("epochs=2")
    files = prediction_files.PredictionFiles(spec, "none")
    logits = torch.tensor([[[0.0, -30.0]]])
    result = part(1, [], logits=logits)
    files.add(result, torch.tensor([0]))
    assert files.take_last(2) is None
    files.add(result, torch.tensor([1]), is_last=True)
    last = files.take_last(2)
    assert last.labels.tolist() == [1]
    assert -1e-13 < last.log_probabilities[0, 0, 0] < -9e-14  # 0 if computed in float32
    assert files.take_last(2) is None
    assert not files.folder.exists()


def test_those_of_a_former_process_are_read_from_their_file(tiny_spec):
    spec, _ = tiny_spec("epochs=2")
    files = prediction_files.PredictionFiles(spec, "final")
    files.folder.mkdir(parents=True)
    stored = Predictions.of_probabilities(np.full((1, 3, 2), 0.5), np.zeros(3, int))
    (files.folder / predictions_file(2)).write_bytes(dump_predictions(stored))
    np.testing.assert_array_equal(files.take_last(2).log_probabilities, stored.log_probabilities)
    (files.folder / predictions_file(2)).write_bytes(b"")
    assert files.take_last(2) is None
