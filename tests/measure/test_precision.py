"""float16 and int8 by onnxruntime's tools."""

from ensemble_switchover.measure import precision
from tests.measure.linear_files import call


def test_what_the_tools_cannot_convert_is_one_sentence(onnx_file, monkeypatch, capsys):
    def absent(name):
        raise ImportError(f"no module named {name}")

    load = precision.import_module
    monkeypatch.setattr(
        precision, "import_module", lambda name: (absent if "quantization" in name else load)(name)
    )
    code, _, err = call(capsys, onnx_file, "--precision", "int8")
    assert code == 2
    assert err == "--precision int8: no module named onnxruntime.quantization\n"
