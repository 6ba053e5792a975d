"""Exported files, run by other programs, compared with members run one by one."""

import gc
import json
import re

import numpy as np
import onnxruntime
import pytest
import torch

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.serving import ServedEnsemble, exported_file
from ensemble_switchover.serving.exported_file import (
    EXPORT_FORMATS,
    exported_content,
    largest_difference,
)
from tests.trained import TASK, images_of, make_trained, plain_probabilities

pytestmark = pytest.mark.slow

FACTS = {"run": "a run", "class_names": json.dumps(["ant", "bee"])}
TOLERANCE = 1e-5
TORCHS_OWN_FILE = rb'File "torch/[a-z_/]+[.]py"'
"""Of a pass that torch adds itself while it converts; it is the same on every machine."""


@pytest.fixture(autouse=True)
def _without_garbage_collection():
    """Turn off garbage collection, as the command does; tracing makes many objects."""
    gc.disable()
    yield
    gc.enable()


def write(trained, form, out, execution="sequential"):
    difference, content = exported_content(trained, form, execution, FACTS)
    out.write_bytes(content)
    return difference


def run_onnx(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(None, {"images": images.numpy()})
    return probabilities


def run_torch(path, images):
    return torch.export.load(path).module()(images).numpy()


RUN = {"onnx": run_onnx, "torch_export": run_torch}


def assert_onnx_describes_the_run(path):
    session = onnxruntime.InferenceSession(path)
    assert session.get_modelmeta().custom_metadata_map == FACTS
    (image,), (output,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape) == ("images", "tensor(uint8)", ["batch", 3, 9, 9])
    assert (output.name, output.type, output.shape) == (
        "probabilities",
        "tensor(float)",
        ["batch", 5],
    )


def assert_torch_describes_the_run(path):
    extra = {exported_file.METADATA_FILE: ""}
    torch.export.load(path, extra_files=extra)
    assert json.loads(extra[exported_file.METADATA_FILE]) == FACTS


DESCRIBES = {"onnx": assert_onnx_describes_the_run, "torch_export": assert_torch_describes_the_run}


@pytest.mark.parametrize(
    ("name", "options", "form", "execution"),
    [
        ("densenet", {"bottleneck": True, "compression": 0.5}, "onnx", "fused"),
        ("vgg", {}, "onnx", "fused"),
        ("resnet", {"shortcut": "identity"}, "onnx", "sequential"),
        ("wide_resnet", {}, "torch_export", "fused"),
        ("densenet", {}, "torch_export", "sequential"),
    ],
)
def test_a_file_predicts_what_the_members_do_and_describes_the_run_but_not_the_machine(
    name, options, form, execution, tmp_path
):
    trained, out = make_trained(name, options), tmp_path / f"file.{form}"
    difference = write(trained, form, out, execution)
    assert 0 <= difference < TOLERANCE
    for number in (1, 4):
        images = images_of(TASK, number)
        probabilities = RUN[form](out, images)
        assert probabilities.dtype == np.float32
        assert abs(probabilities - plain_probabilities(trained, images)).max() < 1e-6
    DESCRIBES[form](out)
    assert b".py" not in re.sub(TORCHS_OWN_FILE, b"", out.read_bytes())


def test_weights_of_double_precision_are_written_in_single(tmp_path):
    trained = make_trained("resnet", {"shortcut": "projection"})
    trained.ensemble.double()
    difference = write(trained, "torch_export", tmp_path / "a.pt2")
    assert 0 < difference < TOLERANCE
    images = images_of(TASK, 4)
    probabilities = run_torch(tmp_path / "a.pt2", images)
    assert probabilities.dtype == np.float32
    assert abs(probabilities - plain_probabilities(trained, images)).max() < 1e-6
    assert next(trained.ensemble.parameters()).dtype == torch.float64


def test_a_file_that_differs_is_told(tmp_path, monkeypatch):
    trained = make_trained()
    other = ServedEnsemble(make_trained(width=4), "sequential")
    write_file, _ = EXPORT_FORMATS["torch_export"]
    monkeypatch.setitem(EXPORT_FORMATS, "torch_export", (write_file, lambda _: other))
    assert write(trained, "torch_export", tmp_path / "a.pt2") > 0.01


def test_nan_is_not_a_small_difference():
    def good(images):
        return torch.zeros(len(images), 2)

    def bad(images):
        return torch.full((len(images), 2), torch.nan)

    assert largest_difference(good, good, TASK) == 0
    assert not largest_difference(good, bad, TASK) <= TOLERANCE


def test_one_batch_of_several_is_enough_to_differ():
    def fails_at_seven(images):
        return torch.full((len(images), 2), 0.5 if len(images) == 7 else 0.0)

    assert largest_difference(lambda images: torch.zeros(len(images), 2), fails_at_seven, TASK) > 0


def test_weights_too_large_for_one_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(exported_file, "MAX_ONNX_BYTES", 1000)
    with pytest.raises(ConfigError, match="use --format torch_export"):
        write(make_trained(), "onnx", tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []
