"""Files of a linear classifier, and images for them."""

import json

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from ensemble_switchover.measurement.file_formats import METADATA_FILE
from tests.measure.linear_files import METADATA, WEIGHTS, Linear
from tests.serving.lookup_cascade import IMAGES as LOOKUP_IMAGES


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    """Write a linear classifier of images of 3 x 2 x 2."""
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 3, 2, 2])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, METADATA)
    path = tmp_path_factory.mktemp("onnx") / "linear.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def torch_file(tmp_path_factory):
    example = torch.zeros(2, 3, 2, 2, dtype=torch.uint8)
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(Linear(), (example,), dynamic_shapes=({0: batch},))
    path = tmp_path_factory.mktemp("pt2") / "linear.pt2"
    torch.export.save(program, path, extra_files={METADATA_FILE: json.dumps(METADATA)})
    return path


@pytest.fixture
def images(tmp_path):
    generator = np.random.default_rng(2)
    path = tmp_path / "images.npz"
    pixels = generator.integers(0, 256, (300, 3, 2, 2), dtype=np.uint8)
    np.savez(path, images=pixels, labels=generator.integers(0, 3, 300))
    return path


@pytest.fixture
def lookup_images(tmp_path):
    path = tmp_path / "lookup.npz"
    labels = np.random.default_rng(5).integers(0, 5, len(LOOKUP_IMAGES))
    np.savez(path, images=LOOKUP_IMAGES, labels=labels)
    return path
