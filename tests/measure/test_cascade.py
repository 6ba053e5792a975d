"""Exported cascades: reduced member by member, and looked into before they are loaded."""

import json

from ensemble_switchover.design import ImageTask
from ensemble_switchover.serving.cascade_folder import write_cascade_folder
from ensemble_switchover.serving.cascade_settings import CascadeSettings
from tests.measure.linear_files import QUICK, call, rewritten
from tests.serving.lookup_cascade import drawn_probabilities, write_lookup_cascade


def test_a_cascade_is_reduced_member_by_member(lookup_images, tmp_path, capsys):
    folder = write_lookup_cascade(tmp_path / "cascade", drawn_probabilities())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    out = tmp_path / "timing.json"
    given = ("--precision", "float32", "float16", *QUICK, "--images", lookup_images, "--json", out)
    assert call(capsys, folder, *given)[0] == 0
    exact, half = json.loads(out.read_text())["models"]
    assert half["bytes"] < exact["bytes"]
    assert half["sha256"] == exact["sha256"]
    assert 0 < half["largest_probability_difference"] < 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    (folder / "member-0.onnx").write_bytes(b"another")
    for precision in ("float32", "float16"):
        code, _, err = call(capsys, folder, "--images", lookup_images, "--precision", precision)
        assert code == 2
        assert "member-0.onnx: damaged or replaced" in err


def test_a_cascade_of_torch_is_looked_into_before_it_is_loaded(
    torch_file, images, tmp_path, capsys
):
    pickled = rewritten(
        torch_file, tmp_path / "pickled.pt2", "weights_config.json",
        lambda _: b'{"config": {"w": {"use_pickle": true, "tensor_meta": null}}}',
    )  # fmt: skip
    for member, code in ((torch_file, 0), (pickled, 2)):
        folder = tmp_path / f"of_{member.stem}"
        folder.mkdir()
        write_cascade_folder(
            folder, [member.read_bytes()] * 2,
            CascadeSettings(rule="confidence", threshold=0.9, order=(0, 1)),
            form="torch_export", suffix=".pt2", task=ImageTask(3, 2, 3), class_names=(), facts={},
        )  # fmt: skip
        ended, _, err = call(capsys, folder, *QUICK, "--images", images)
        assert ended == code
        assert ("has pickled objects" in err) == (code == 2)
    code, _, err = call(capsys, tmp_path / f"of_{torch_file.stem}", "--precision", "int8")
    assert "expected --precision float32 and --device cpu for members of .pt2" in err
