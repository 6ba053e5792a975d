"""Times of files and cascades: units, images, and nothing of this machine's names."""

import json
import platform
from pathlib import Path

import pytest

from ensemble_switchover.measurement.file_formats import TIMING_SCHEMA
from tests.measure.linear_files import METADATA, QUICK, call
from tests.serving.lookup_cascade import drawn_probabilities, write_lookup_cascade


def test_the_json_has_units_and_the_run_and_nothing_of_this_machines_names(
    onnx_file, torch_file, tmp_path, capsys
):
    out = tmp_path / "timing.json"
    code, shown, _ = call(capsys, onnx_file, torch_file, *QUICK, "--threads", 1, "--json", out)
    assert code == 0
    assert shown.endswith(f"{out}\n")
    text = out.read_text()
    for private in (str(tmp_path), str(onnx_file.parent), platform.node(), str(Path.home())):
        assert private not in text
    found = json.loads(text)
    assert (found["schema"], found["threads"], found["images"]) == (
        TIMING_SCHEMA,
        1,
        "noise",
    )
    assert [(m["kind"], m["runtime"], m["file"]) for m in found["models"]] == [
        ("onnx", "onnxruntime", "linear.onnx"),
        ("torch_export", "torch", "linear.pt2"),
    ]
    for model in found["models"]:
        assert {name: model[name] for name in METADATA} == METADATA
        assert [row["batch_size"] for row in model["timings"]] == [1, 8]
        for row in model["timings"]:
            assert 0 < row["p50_ms_per_call"] <= row["p90_ms_per_call"]
            per_image = 1e3 / row["images_per_second"]
            assert row["mean_ms_per_image"] == pytest.approx(per_image)
    assert found["versions"].keys() == {"python", "numpy", "onnxruntime", "torch"}


def test_files_beside_a_cascade_go_through_the_same_images(lookup_images, tmp_path, capsys):
    folder = write_lookup_cascade(tmp_path / "cascade", drawn_probabilities())
    out = tmp_path / "timing.json"
    given = (*QUICK, "--images", lookup_images, "--json", out)
    assert call(capsys, folder, folder / "member-0.onnx", *given)[0] == 0
    cascade, member = json.loads(out.read_text())["models"]
    for one, other in zip(cascade["timings"], member["timings"], strict=True):
        assert one["images_per_pass"] == other["images_per_pass"] == 40
        assert one["num_calls"] == other["num_calls"]
