"""An `.onnx` is run by onnxruntime, and takes images as they are decoded."""

import numpy as np
import onnx
import pytest

from ensemble_switchover.errors import MeasureError
from ensemble_switchover.measure.onnx_file import load_onnx, onnx_provider
from tests.measure.linear_files import METADATA, WEIGHTS, softmax


def test_it_answers_what_it_was_written_to(onnx_file):
    loaded = load_onnx(onnx_file, onnx_file.read_bytes(), "float32", 1, "cpu")
    pixels = np.random.default_rng(3).integers(0, 256, (7, 3, 2, 2), dtype=np.uint8)
    expected = softmax(pixels.reshape(7, 12).astype(np.float64) @ WEIGHTS)
    assert np.abs(loaded.predict(pixels) - expected).max() < 1e-5
    assert (loaded.shape, loaded.facts) == ((3, 2, 2), METADATA)


def test_another_input_is_refused(onnx_file):
    model = onnx.load(onnx_file)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    with pytest.raises(MeasureError, match=r"expected an input of uint8 .* got tensor\(float\)"):
        load_onnx(onnx_file, model.SerializeToString(), "float32", 1, "cpu")


def test_a_device_without_a_provider_is_refused(monkeypatch):
    import onnxruntime

    assert onnx_provider("cpu") == "CPUExecutionProvider"
    monkeypatch.setattr(onnxruntime, "get_available_providers", list)
    with pytest.raises(MeasureError, match="--device cuda: this onnxruntime has no CUDA"):
        onnx_provider("cuda")
