"""A `.pt2` that would run code is not loaded."""

import io
import os

import pytest
import torch

from ensemble_switchover.errors import MeasureError
from ensemble_switchover.measure.torch_archive import refuse_code
from tests.measure.linear_files import call, rewritten


class Payload:
    """What a pickle can do to the machine that reads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pt2_that_would_run_code_is_not_loaded(torch_file, tmp_path, capsys):
    ran = tmp_path / "ran"
    refuse_code(torch_file)
    flag = b'"use_pickle": true, "tensor_meta": null'
    weights = rewritten(
        torch_file, tmp_path / "weights.pt2", "weights_config.json",
        lambda content: b'{"config": {"w": {"path_name": "w", ' + flag + b"}}}",
    )  # fmt: skip
    sizes = rewritten(
        torch_file, tmp_path / "sizes.pt2", "models/model.json",
        lambda content: content.replace(b"Symbol('", b"__import__('os').mkdir('x') or Symbol('"),
    )  # fmt: skip
    buffer = io.BytesIO()
    torch.save(Payload(str(ran)), buffer)
    inputs = rewritten(
        torch_file, tmp_path / "inputs.pt2", "sample_inputs/model.pt", lambda _: buffer.getvalue()
    )
    for path, said in [
        (weights, "has pickled objects"),
        (sizes, "as a size"),
        (inputs, "torch cannot load it"),
    ]:
        code, _, err = call(capsys, path)
        assert code == 2
        assert said in err
        assert not ran.exists()
    with pytest.raises(MeasureError, match=r"is no file of torch\.export"):
        refuse_code(__file__)
