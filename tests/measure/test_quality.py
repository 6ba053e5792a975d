"""Errors, differences, and whom a cascade asks."""

import json

import numpy as np
import pytest

from ensemble_switchover.measurement.cascade.cascade_reading import CascadeReading
from tests.measure.linear_files import QUICK, WEIGHTS, call, softmax
from tests.serving.lookup_cascade import ORDER, drawn_probabilities, write_lookup_cascade


def test_reduced_precisions_tell_their_error_and_difference(onnx_file, images, tmp_path, capsys):
    out = tmp_path / "timing.json"
    precisions = ("--precision", "float32", "float16", "int8")
    given = (*precisions, "--images", images, "--json", out)
    code, shown, _ = call(capsys, onnx_file, *given, *QUICK)
    assert code == 0
    exact, half, eight = json.loads(out.read_text())["models"]
    with np.load(images) as arrays:
        pixels, labels = arrays["images"], arrays["labels"]
    flat = pixels.reshape(300, 12).astype(np.float64)
    expected = softmax(flat @ WEIGHTS.astype(np.float64))
    assert exact["error_percent"] == pytest.approx(100 * (expected.argmax(1) != labels).mean())
    assert "largest_probability_difference" not in exact
    rounded = softmax(flat @ WEIGHTS.astype(np.float16).astype(np.float64))
    bound = 4 * np.abs(rounded - expected).max() + 2e-3
    assert 0 < half["largest_probability_difference"] <= bound
    assert half["largest_probability_difference"] < eight["largest_probability_difference"] < 0.2
    assert "linear.onnx (int8): " in shown
    assert exact["sha256"] == eight["sha256"]


def plain_cascade(probabilities, order, threshold):
    """Ask the members of one image after another, in double precision."""
    answers, asked = [], []
    for image in range(probabilities.shape[1]):
        for number in range(1, len(order) + 1):
            mean = probabilities[list(order[:number]), image].astype(np.float64).mean(axis=0)
            if mean.max() >= threshold or number == len(order):
                break
        answers.append(mean.argmax())
        asked.append(number)
    return np.array(answers), np.array(asked)


def test_a_cascade_is_timed_on_images_and_tells_whom_it_asks(lookup_images, tmp_path, capsys):
    probabilities = drawn_probabilities()
    folder = write_lookup_cascade(tmp_path / "cascade", probabilities, threshold=0.8)
    with np.load(lookup_images) as arrays:
        labels = arrays["labels"]
    answers, asked = plain_cascade(probabilities, ORDER, 0.8)
    assert 1 < asked.mean() < 4
    out = tmp_path / "timing.json"
    code, shown, _ = call(capsys, folder, *QUICK, "--images", lookup_images, "--json", out)
    assert code == 0
    (model,) = json.loads(out.read_text())["models"]
    assert (model["kind"], model["execution"], model["run"]) == ("cascade", "cascade", "a run")
    assert (model["rule"], model["threshold"], model["order"]) == ("confidence", 0.8, list(ORDER))
    assert model["mean_members"] == pytest.approx(asked.mean())
    for q in (50, 90, 99):
        suffices = CascadeReading(0.0, 0.0, asked).members_sufficing(q / 100)
        assert model[f"members_p{q}"] == suffices
    assert model["error_percent"] == pytest.approx(100 * (answers != labels).mean())
    assert [row["images_per_pass"] for row in model["timings"]] == [40, 40]
    assert model["timings"][0]["num_calls"] == 40 * model["timings"][0]["num_passes"]
    assert f"{asked.mean():.2f} members asked on average" in shown

    code, _, err = call(capsys, folder / "cascade.json", *QUICK)
    assert code == 2
    assert "noise tells nothing of it" in err
