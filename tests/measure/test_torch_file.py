"""A `.pt2` is run by torch, and takes images as they are decoded."""

import numpy as np
import pytest
import torch

from ensemble_switchover.errors import MeasureError
from ensemble_switchover.measure.torch_file import load_torch
from tests.measure.linear_files import METADATA, WEIGHTS, Linear, softmax


def test_it_answers_what_it_was_written_to(torch_file):
    loaded = load_torch(torch_file, torch_file.read_bytes(), 1, "cpu")
    pixels = np.random.default_rng(3).integers(0, 256, (7, 3, 2, 2), dtype=np.uint8)
    expected = softmax(pixels.reshape(7, 12).astype(np.float64) @ WEIGHTS)
    assert np.abs(loaded.predict(pixels) - expected).max() < 1e-5
    assert (loaded.shape, loaded.facts) == ((3, 2, 2), METADATA)


def test_another_input_is_refused(tmp_path):
    path = tmp_path / "floats.pt2"
    torch.export.save(torch.export.export(Linear(), (torch.zeros(2, 3, 2, 2),)), path)
    with pytest.raises(MeasureError, match=r"expected an input of uint8 .* got torch\.float32"):
        load_torch(path, path.read_bytes(), 1, "cpu")
