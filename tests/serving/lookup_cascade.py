"""Exported cascades, made up: each member looks its probabilities up, and an image is their row."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ensemble_switchover.design import ImageTask
from ensemble_switchover.serving.cascade_folder import write_cascade_folder
from ensemble_switchover.serving.cascade_settings import CascadeSettings
from ensemble_switchover.serving.onnx_cascade import MANIFEST_FILE

NUM_IMAGES, NUM_CLASSES, ORDER = 40, 5, (2, 0, 3, 1)
IMAGES = np.arange(NUM_IMAGES, dtype=np.uint8)[:, None, None, None]
NAMES = tuple("abcde")


def drawn_probabilities(k=4):
    """Draw what k members answer for each image, (k, N, classes)."""
    logits = 2 * np.random.default_rng(4).normal(size=(k, NUM_IMAGES, NUM_CLASSES))
    exponentials = np.exp(logits)
    return (exponentials / exponentials.sum(axis=2, keepdims=True)).astype(np.float32)


def lookup_onnx(probabilities):
    """Return an ONNX file that maps an image of one pixel to that row of its probabilities."""
    nodes = [
        helper.make_node("Flatten", ["images"], ["flat"]),
        helper.make_node("Cast", ["flat"], ["rows"], to=TensorProto.INT64),
        helper.make_node("Squeeze", ["rows", "axes"], ["row"]),
        helper.make_node("Gather", ["table", "row"], ["probabilities"], axis=0),
    ]
    graph = helper.make_graph(
        nodes,
        "lookup",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 1, 1, 1])],
        [
            helper.make_tensor_value_info(
                "probabilities", TensorProto.FLOAT, ["batch", probabilities.shape[1]]
            )
        ],
        [
            numpy_helper.from_array(probabilities, "table"),
            numpy_helper.from_array(np.array([1]), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def write_lookup_cascade(folder, probabilities, threshold=0.8, rule="confidence", order=ORDER):
    """Write an exported cascade whose members answer the given probabilities."""
    folder.mkdir(parents=True, exist_ok=True)
    write_cascade_folder(
        folder,
        [lookup_onnx(own) for own in probabilities],
        CascadeSettings(rule=rule, threshold=threshold, order=order),
        form="onnx",
        suffix=".onnx",
        task=ImageTask(channels=1, size=1, num_classes=NUM_CLASSES),
        class_names=NAMES,
        facts={"run": "a run"},
    )
    return folder


def rewrite_manifest(folder, **changes):
    """Change entries of a manifest; None removes one."""
    path = folder / MANIFEST_FILE
    values = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: one for key, one in values.items() if one is not None}))
