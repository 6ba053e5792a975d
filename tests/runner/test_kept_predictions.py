"""Predictions that a run keeps."""

import pytest

from ensemble_switchover.results.predictions import load_predictions
from ensemble_switchover.runner import kept_predictions as prediction_files
from ensemble_switchover.runner import run

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
        # halves may tie where floats did not
        assert error == pytest.approx(record.epochs[epoch - 1].error_percent, abs=2)


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
