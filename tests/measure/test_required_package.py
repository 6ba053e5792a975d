"""A missing package is one sentence."""

import pytest

from ensemble_switchover.measure import required_package
from tests.measure.linear_files import call


@pytest.mark.parametrize("package", ["onnxruntime", "onnx", "torch"])
def test_a_missing_package_is_one_sentence(package, onnx_file, torch_file, monkeypatch, capsys):
    find = required_package.find_spec
    monkeypatch.setattr(
        required_package, "find_spec", lambda name: None if name == package else find(name)
    )
    path = torch_file if package == "torch" else onnx_file
    code, _, err = call(capsys, path, "--precision", "int8" if package == "onnx" else "float32")
    assert code == 2
    assert err.endswith(f"which is not installed here; pip install {package}\n")
