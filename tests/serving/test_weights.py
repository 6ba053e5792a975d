"""Weights are read back unchanged; any other file is refused in one sentence."""

import dataclasses
import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ensemble_switchover.errors import RecordError
from ensemble_switchover.networks.fused import Fused
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE
from ensemble_switchover.results.store import write_record
from ensemble_switchover.serving.weights import HEADER, dump_weights, read_weights
from tests.factories import make_record
from tests.trained import VARIANTS, make_trained

VERSION_1 = Path(__file__).parents[1] / "results" / "data" / "version_1"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(dump_weights(make_trained()))
    return path


def change(path, tensors=None, **facts):
    """Rewrite the file with some tensors or header entries changed; None removes one."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()[HEADER])
    content = {**load_file(path), **(tensors or {})}
    content = {name: tensor for name, tensor in content.items() if tensor is not None}
    save_file(content, path, {HEADER: json.dumps({**header, **facts})})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_weights_come_back_as_they_were(name, options, dtype, tmp_path):
    trained = make_trained(name, options, k=2)
    trained.ensemble.to(dtype)
    path = tmp_path / "weights.safetensors"
    path.write_bytes(dump_weights(trained))
    loaded = read_weights(path)
    for field in ("family", "depth", "width", "task", "class_names"):
        assert getattr(loaded, field) == getattr(trained, field)
    assert torch.equal(loaded.normalisation.mean, trained.normalisation.mean)
    assert torch.equal(loaded.normalisation.deviation, trained.normalisation.deviation)
    found, expected = loaded.ensemble.state_dict(), trained.ensemble.state_dict()
    assert found.keys() == expected.keys()
    for key, tensor in expected.items():
        assert torch.equal(found[key], tensor)
        assert found[key].dtype == tensor.dtype
    assert not loaded.ensemble.training


def test_members_that_were_fused_are_written_as_they_are_alone():
    alone, fused = make_trained(k=3), make_trained(k=3)
    Fused(list(fused.ensemble.members))
    assert dump_weights(fused) == dump_weights(alone)


def test_any_program_can_read_the_tensors(path):
    tensors = load_file(path)
    trained = make_trained()
    weight = trained.ensemble.members[1][0].weight
    assert torch.equal(tensors["members.1.0.weight"], weight)
    assert tensors["normalisation.mean"].tolist() == trained.normalisation.mean.tolist()
    with safe_open(path, framework="pt") as file:
        facts = json.loads(file.metadata()[HEADER])
    assert (facts["family"], facts["k"], facts["image_size"]) == ("resnet", 2, 9)
    assert facts["class_names"] == [f"kind {label}" for label in range(5)]


def test_names_of_classes_that_are_no_text_are_read_as_escapes(tmp_path):
    trained = make_trained()
    named = dataclasses.replace(trained, class_names=("caf\udce9", *"bcde"))
    path = tmp_path / "weights.safetensors"
    path.write_bytes(dump_weights(named))  # as earlier versions did
    assert read_weights(path).class_names == (r"caf\xe9", *"bcde")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize(
    "content", [b"", b"\x08", b"not weights at all", pickle.dumps(Bomb())], ids=range(4)
)
def test_a_foreign_file_is_refused_and_nothing_of_it_runs(content, path):
    path.write_bytes(content)
    with pytest.raises(RecordError, match="damaged, or not a weights file of this program"):
        read_weights(path)


def test_a_cut_file_is_refused(path):
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RecordError, match="damaged"):
        read_weights(path)


def test_a_file_beside_a_record_is_compared_with_it(path, caplog):
    folder = path.with_name("run")
    write_record(folder, make_record(), {WEIGHTS_FILE: path.read_bytes()})
    kept = folder / WEIGHTS_FILE
    assert read_weights(kept).class_names
    assert caplog.messages == []
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    kept.write_bytes(content)
    with pytest.raises(RecordError, match=r"weights\.safetensors: damaged or replaced: expected"):
        read_weights(kept)
    assert read_weights(kept.rename(path))  # by itself it has nothing to be compared with


def test_a_record_of_version_1_has_no_checksum_which_is_told(path, caplog):
    shutil.copy(VERSION_1 / RECORD_FILE, path.parent)
    assert read_weights(path)
    (warning,) = caplog.messages
    assert "its record is of version 1 and has no checksum to compare with" in warning


def test_an_absent_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "absent.safetensors", tmp_path):
        with pytest.raises(RecordError, match=str(path)):
            read_weights(path)


def test_weights_of_another_program_are_refused(path):
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(RecordError, match="not a weights file of this program"):
        read_weights(path)


FIRST = "members.0.0.weight"


@pytest.mark.parametrize(
    ("tensors", "facts", "message"),
    [
        ({FIRST: None}, {}, f"{FIRST}: absent"),
        ({"more": torch.zeros(1)}, {}, "more: not a tensor of this network"),
        ({FIRST: torch.zeros(3, 3)}, {}, f"{FIRST}: expected .* found .*shape \\(3, 3\\)"),
        ({FIRST: torch.zeros(3, 3, 3, 3).double()}, {}, f"{FIRST}: .* found torch.float64"),
        ({"normalisation.mean": torch.zeros(3)}, {}, "normalisation.mean: expected torch.float64"),
        ({}, {"schema_version": 99}, "expected schema version 1, found 99"),
        ({}, {"family": "transformer"}, "arch=transformer: expected one of"),
        ({}, {"family_options": {"heads": 2}}, "its network is unknown to this program: .*heads"),
        ({}, {"depth": 9}, "depth=9"),
        ({}, {"width": 4}, f"{FIRST}: expected"),
        ({}, {"k": 3}, "members.2.*: absent"),
        ({}, {"k": 0}, "its ensemble is invalid"),
        ({}, {"channels": -1}, "its ensemble is invalid"),
        ({}, {"num_classes": "many"}, "num_classes: "),
    ],
)
def test_what_does_not_fit_is_named(tensors, facts, message, path):
    change(path, tensors, **facts)
    with pytest.raises(RecordError, match=message) as caught:
        read_weights(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value).splitlines()) == 1


def test_names_of_classes_may_be_absent(path):
    path.write_bytes(dump_weights(replace(make_trained(), class_names=())))
    assert read_weights(path).class_names == ()
