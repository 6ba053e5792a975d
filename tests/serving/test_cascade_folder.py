"""What the folder of an exported cascade consists of, and which folders are not replaced."""

import hashlib
import json
from pathlib import Path

import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.serving import onnx_cascade
from ensemble_switchover.serving.cascade_folder import require_cascade_folder
from tests.serving.lookup_cascade import NAMES, ORDER, drawn_probabilities, write_lookup_cascade


@pytest.fixture
def folder(tmp_path):
    return write_lookup_cascade(tmp_path / "cascade", drawn_probabilities(), threshold=1 / 3)


def test_a_folder_says_what_is_in_it(folder):
    files = [f"member-{number}.onnx" for number in range(4)]
    assert sorted(path.name for path in folder.iterdir()) == ["cascade.json", "cascade.py", *files]
    runner = Path(onnx_cascade.__file__).read_bytes()
    assert (folder / "cascade.py").read_bytes() == runner
    assert json.loads((folder / "cascade.json").read_text()) == {
        "schema": "ensemble_switchover/cascade/1",
        "format": "onnx",
        "rule": "confidence",
        "threshold": 1 / 3,
        "order": list(ORDER),
        "members": [
            {"file": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
            for name in files
        ],
        "image_shape": [1, 1, 1],
        "num_classes": 5,
        "class_names": list(NAMES),
        "run": "a run",
    }


def test_an_exported_cascade_an_empty_folder_and_none_may_be_written(folder, tmp_path):
    (folder / "__pycache__").mkdir()
    require_cascade_folder("--out", folder)
    require_cascade_folder("--out", tmp_path / "none")
    (tmp_path / "empty").mkdir()
    require_cascade_folder("--out", tmp_path / "empty")


def test_a_folder_with_anything_else_is_refused(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="is not empty, and no exported cascade"):
        require_cascade_folder("--out", other)
    (other / "cascade.json").write_text("{}")
    with pytest.raises(ConfigError, match="is not empty, and no exported cascade"):
        require_cascade_folder("--out", other)
    (folder / "images.npy").touch()
    with pytest.raises(ConfigError, match=r"would be lost \(images\.npy\); expected another"):
        require_cascade_folder("--out", folder)
