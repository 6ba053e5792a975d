"""Checkpoints: whole or not there, the newest whole one is taken, and no code in them is run."""

import hashlib
import io
import pickle
from pathlib import Path

import pytest
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.training.checkpoint import (
    MAGIC,
    NUM_KEPT,
    Checkpoint,
    read_checkpoint,
    remove_checkpoints,
    write_checkpoint,
)
from ensemble_switchover.training.epoch_result import MemberState


def made(num_epochs, fingerprint="0123456789ab"):
    generator = torch.Generator().manual_seed(num_epochs)
    weights = torch.randn(3, 4, generator=generator)
    return Checkpoint(
        fingerprint=fingerprint,
        num_epochs=num_epochs,
        members=[
            MemberState(
                network={"weight": weights},
                optimizer={"state": {0: {"momentum_buffer": weights + 1}}, "param_groups": []},
                scaler={},
            )
        ],
        execution_plan=ExecutionPlan(channels_last=True, processes=2),
        timing_environment="Example CPU, 2 threads, torch 2",
        rows=b"[]",
        wall_seconds=1.5,
    )


def newest(folder):
    return max(folder.glob("*.checkpoint"))


def test_what_is_written_is_read_bit_by_bit(tmp_path, caplog):
    written = made(3)
    write_checkpoint(tmp_path, written)
    read = read_checkpoint(tmp_path)
    assert (read.num_epochs, read.rows, read.wall_seconds) == (3, b"[]", 1.5)
    ((ours,), (theirs,)) = read.members, written.members
    assert torch.equal(ours.network["weight"], theirs.network["weight"])
    momentum = ours.optimizer["state"][0]["momentum_buffer"]
    assert torch.equal(momentum, theirs.network["weight"] + 1)
    assert read.execution_plan == written.execution_plan
    assert read.timing_environment == written.timing_environment
    assert caplog.messages == []


@pytest.mark.parametrize("trouble", [OSError(5, "Input/output error"), PermissionError(13, "no")])
def test_one_that_the_machine_does_not_read_is_not_given_up(trouble, tmp_path, monkeypatch):
    write_checkpoint(tmp_path, made(3))

    def fail(path):
        raise trouble

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(type(trouble)):
        read_checkpoint(tmp_path)


def test_the_stored_keys_stay(tmp_path):
    """A checkpoint that was written before its fields had their present names is read."""
    buffer = io.BytesIO()
    values = {
        "num_epochs": 7,
        "members": [{"network": {}, "optimizer": {}, "scaler": {}}],
        "way": "fused",
        "place": "Example CPU, 2 threads, torch 2",
        "rows": b"[]",
        "wall_seconds": 1.5,
    }
    torch.save(values, buffer)
    payload = buffer.getvalue()
    content = MAGIC + hashlib.sha256(payload).digest() + payload
    (tmp_path / "000007.checkpoint").write_bytes(content)
    assert read_checkpoint(tmp_path) == Checkpoint(
        num_epochs=7,
        members=[MemberState(network={}, optimizer={}, scaler={})],
        execution_plan=ExecutionPlan("fused"),
        timing_environment="Example CPU, 2 threads, torch 2",
        rows=b"[]",
        wall_seconds=1.5,
    )


def test_one_that_was_copied_from_another_run_is_not_gone_on_from(tmp_path, caplog):
    write_checkpoint(tmp_path, made(4))
    assert read_checkpoint(tmp_path, "0123456789ab").num_epochs == 4
    write_checkpoint(tmp_path, made(5, fingerprint="ba9876543210"))
    assert read_checkpoint(tmp_path, "0123456789ab").num_epochs == 4
    (warning,) = caplog.messages
    assert warning == (
        f"{tmp_path}/000005.checkpoint: expected a checkpoint of run 0123456789ab, found one of "
        f"ba9876543210; the one before it is taken"
    )


def test_the_last_ones_are_kept_and_the_newest_is_read(tmp_path, caplog):
    for epoch in range(1, 12):
        write_checkpoint(tmp_path, made(epoch))
    assert len(list(tmp_path.iterdir())) == NUM_KEPT
    assert read_checkpoint(tmp_path).num_epochs == 11


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_one_gives_way_to_the_one_before_it(tmp_path, caplog, share):
    for epoch in (4, 5):
        write_checkpoint(tmp_path, made(epoch))
    content = newest(tmp_path).read_bytes()
    newest(tmp_path).write_bytes(content[: int(share * len(content))])
    assert read_checkpoint(tmp_path).num_epochs == 4
    (warning,) = caplog.messages
    assert str(newest(tmp_path)) in warning
    assert "damaged" in warning


@pytest.mark.parametrize("place", [0, 40, 200, -1])
def test_a_flipped_bit_is_noticed(tmp_path, caplog, place):
    for epoch in (4, 5):
        write_checkpoint(tmp_path, made(epoch))
    content = bytearray(newest(tmp_path).read_bytes())
    content[place] ^= 1
    newest(tmp_path).write_bytes(content)
    assert read_checkpoint(tmp_path).num_epochs == 4
    assert len(caplog.messages) == 1


class Malicious:
    def __reduce__(self):
        return (pytest.fail, ("code of a checkpoint was run",))


@pytest.mark.parametrize("of_torch", [False, True])
def test_code_in_a_checkpoint_is_never_run(tmp_path, caplog, of_torch):
    buffer = io.BytesIO()
    if of_torch:
        torch.save({"num_epochs": Malicious()}, buffer)
    else:
        pickle.dump(Malicious(), buffer, protocol=2)
    payload = buffer.getvalue()
    path = tmp_path / "000009.checkpoint"
    path.write_bytes(MAGIC + hashlib.sha256(payload).digest() + payload)
    assert read_checkpoint(tmp_path) is None
    assert len(caplog.messages) == 1


def test_a_half_written_one_is_no_checkpoint(tmp_path, caplog):
    (tmp_path / "000001.part").write_bytes(b"half")
    assert read_checkpoint(tmp_path) is None
    assert caplog.messages == []


def test_none_is_left_of_a_run_that_is_over(tmp_path, caplog):
    folder = tmp_path / "run"
    write_checkpoint(folder, made(1))
    remove_checkpoints(folder)
    remove_checkpoints(folder)
    assert not folder.exists()
    assert read_checkpoint(folder) is None
