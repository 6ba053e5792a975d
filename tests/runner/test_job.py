import errno
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from ensemble_switchover.errors import (
    ConfigError,
    DataError,
    MachineError,
    ProcessEndedError,
    TrainingError,
)
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    LOG_FILE,
    RECORD_FILE,
    checkpoint_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import Owner, take_lock, this_machine
from ensemble_switchover.results.run_table import list_runs
from ensemble_switchover.results.state import RunState, failure_of, run_state
from ensemble_switchover.runner import held_run, run
from ensemble_switchover.runner.job import Ending
from tests import program
from tests.runner.starting import start


def test_a_finished_run_is_reused(spec, trainings):
    assert start(spec).ending is Ending.TRAINED
    assert start(spec).ending is Ending.REUSED
    assert len(trainings) == 1


def test_predictions_that_a_finished_run_did_not_keep_are_told(spec, trainings):
    start(spec)
    assert "it did not keep the predictions that record.predictions=final" in start(spec).line
    spec[1].record.predictions = "none"
    assert "did not keep" not in start(spec).line


def test_what_a_run_keeps_is_put_beside_its_record(spec, trainings):
    start(spec)
    assert (spec[0].folder / "weights.safetensors").read_bytes() == b"of two members"


def test_a_failed_run_is_tried_again_only_when_asked(spec, trainings, monkeypatch):
    with monkeypatch.context() as patch:

        def fail(*arguments, **keywords):
            raise TrainingError("member 0: the training loss is not finite")

        patch.setattr(run, "train_and_measure", fail)
        with pytest.raises(TrainingError):
            start(spec)
    assert failure_of(spec[0].folder) == "member 0: the training loss is not finite"

    outcome = start(spec)
    assert outcome.ending is Ending.FAILED_BEFORE
    assert "not finite" in outcome.line
    assert "retry=failed" in outcome.line
    assert not trainings

    assert start(spec, retry="failed").ending is Ending.TRAINED
    assert run_state(spec[0].folder) is RunState.FINISHED


def test_an_unexpected_error_is_noted_too_in_one_line(spec, monkeypatch):
    def fail(*arguments, **keywords):
        raise MemoryError("no more\n\tof it")

    monkeypatch.setattr(run, "train_and_measure", fail)
    with pytest.raises(MemoryError):
        start(spec)
    assert failure_of(spec[0].folder) == "MemoryError: no more"


def test_an_interrupted_run_leaves_nothing(spec, monkeypatch):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "train_and_measure", interrupt)
    with pytest.raises(KeyboardInterrupt):
        start(spec)
    assert run_state(spec[0].folder) is RunState.ABSENT


def test_a_run_that_another_process_works_on_is_left_to_it(spec, trainings):
    with take_lock(unfinished_folder(spec[0].folder)):
        outcome = start(spec)
        assert outcome.ending is Ending.BUSY
        assert f"process {os.getpid()} of {socket.gethostname()}, since 2" in outcome.line
        assert run_state(spec[0].folder) is RunState.RUNNING
    assert not trainings
    assert start(spec).ending is Ending.TRAINED


def test_what_a_run_is_can_be_seen_while_it_runs_and_is_interrupted(spec, monkeypatch):
    resolved, _ = spec
    seen = []

    def stop(*arguments, **keywords):
        seen.extend(list_runs(resolved.results).rows(named=True))
        checkpoint_folder(resolved.folder).mkdir(parents=True)
        (checkpoint_folder(resolved.folder) / "000001.checkpoint").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "train_and_measure", stop)
    with pytest.raises(KeyboardInterrupt):
        start(spec)
    seen.extend(list_runs(resolved.results).rows(named=True))
    assert [row["state"] for row in seen] == ["running", "interrupted"]
    for row in seen:
        assert (row["name"], row["family"], row["budget_depth"]) == (resolved.name, "resnet", 8)
        assert row["fingerprint"] == resolved.fingerprint
    assert seen[1]["note"] == "goes on after 1 epoch"


def test_a_failed_run_says_what_it_was(spec, monkeypatch):
    def fail(*arguments, **keywords):
        raise TrainingError("not finite")

    monkeypatch.setattr(run, "train_and_measure", fail)
    with pytest.raises(TrainingError):
        start(spec)
    (row,) = list_runs(spec[0].results).rows(named=True)
    assert (row["state"], row["note"], row["design_class"]) == ("failed", "not finite", "single")
    config = yaml.safe_load((spec[0].folder / CONFIG_FILE).read_text())
    assert config == asdict(spec[1])
    assert not unfinished_folder(spec[0].folder).exists()


def test_what_a_process_left_that_ended_right_after_its_record_is_removed(spec, trainings):
    start(spec)
    checkpoint_folder(spec[0].folder).mkdir(parents=True)
    assert start(spec).ending is Ending.REUSED
    assert not unfinished_folder(spec[0].folder).exists()


@pytest.mark.parametrize(
    "error", [ConfigError("no such device"), DataError("no network"), ProcessEndedError("killed")]
)
def test_what_is_wrong_with_the_machine_is_no_failure_of_the_run(spec, monkeypatch, error):
    def fail(*arguments, **keywords):
        raise error

    monkeypatch.setattr(run, "train_and_measure", fail)
    with pytest.raises(type(error)):
        start(spec)
    assert run_state(spec[0].folder) is RunState.ABSENT


@pytest.mark.parametrize(
    "error",
    [
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        *(
            OSError(number, os.strerror(number), "somewhere")
            for number in (
                errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EMFILE,
                errno.ESTALE, errno.EIO, errno.ENOENT, errno.ETIMEDOUT, errno.ECONNRESET,
            )
        ),
        RuntimeError("Could not determine home directory."),
        RuntimeError("unable to open shared memory object: Too many open files (24)"),
        ModuleNotFoundError("No module named 'matplotlib_inline'"),
    ],
    ids=str,
)  # fmt: skip
def test_the_machines_trouble_leaves_nothing_and_the_next_call_takes_the_run_up_again(
    spec, trainings, monkeypatch, error
):
    def fail(*arguments, **keywords):
        raise error

    folder = spec[0].folder
    with monkeypatch.context() as patch:
        patch.setattr(run, "train_and_measure", fail)
        with pytest.raises(MachineError) as told:
            start(spec)
    assert "Errno" not in str(told.value)
    assert str(told.value).endswith("no run has failed by it, and the same command goes on")
    assert not folder.exists()
    assert not unfinished_folder(folder).exists()
    assert start(spec).ending is Ending.TRAINED


def test_the_machines_trouble_leaves_the_checkpoint(spec, monkeypatch):
    def fail(*arguments, **keywords):
        checkpoint_folder(spec[0].folder).mkdir(parents=True)
        (checkpoint_folder(spec[0].folder) / "000001.checkpoint").touch()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(run, "train_and_measure", fail)
    with pytest.raises(MachineError, match="Input/output error"):
        start(spec)
    assert run_state(spec[0].folder) is RunState.INTERRUPTED
    assert "Traceback" in (unfinished_folder(spec[0].folder) / LOG_FILE).read_text()


def test_a_failure_that_cannot_be_kept_hides_no_failure(spec, monkeypatch, caplog):
    def fail(*arguments, **keywords):
        raise TrainingError("member 0: the training loss is not finite")

    def full(*arguments, **keywords):
        raise OSError(errno.ENOSPC, "No space left on device", "failure.json")

    monkeypatch.setattr(run, "train_and_measure", fail)
    monkeypatch.setattr(held_run, "write_failure", full)
    with pytest.raises(TrainingError, match="not finite"):
        start(spec)
    assert "that the run failed cannot be kept: failure.json: No space" in caplog.text


@contextmanager
def as_member(user, group):
    """Be a user in a group, who owns nothing that others made."""
    former = os.geteuid(), os.getegid(), os.getgroups()
    os.setgroups([group])
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(former[0])
        os.setegid(former[1])
        os.setgroups(former[2])


@pytest.fixture
def shared(tiny_spec, monkeypatch):
    """Resolve a run whose results folder is that of a group, in which a member's run has failed."""

    def fail(*arguments, **keywords):
        raise TrainingError("not finite")

    def make(mask):
        spec = tiny_spec("budget.depth=8", "budget.width=4", f"results={place}/results")
        os.umask(mask)
        with as_member(ALICE, GROUP), monkeypatch.context() as patch:
            patch.setattr(run, "train_and_measure", fail)
            with pytest.raises(TrainingError):
                start(spec)
        return spec

    umask = os.umask(0)
    with tempfile.TemporaryDirectory() as place:
        os.chown(place, -1, GROUP)
        Path(place).chmod(0o2775)
        yield make
    os.umask(umask)


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
ALICE, BERTA, GROUP = 61_001, 61_002, 61_000


@only_root
def test_a_colleague_of_the_group_tries_a_failed_run_again(shared, trainings):
    spec = shared(0o002)
    assert stat.S_IMODE(spec[0].folder.stat().st_mode) == 0o2775
    with as_member(BERTA, GROUP):
        assert start(spec).ending is Ending.FAILED_BEFORE
        assert start(spec, retry="failed").ending is Ending.TRAINED
    for path in (spec[0].folder, *spec[0].folder.iterdir()):
        assert path.stat().st_gid == GROUP
        assert path.stat().st_mode & stat.S_IWGRP


@only_root
def test_a_colleague_of_the_group_takes_a_run_over_whose_process_was_killed(shared, trainings):
    spec = shared(0o002)
    lock = unfinished_folder(spec[0].folder) / "1.lock"
    with as_member(ALICE, GROUP):
        lock.parent.mkdir()
        owner = Owner(
            host=socket.gethostname(), machine=this_machine(), pid=2**22 + 1, process_start="",
            started_at="2026-01-01",
        )  # fmt: skip
        lock.write_text(json.dumps(asdict(owner)))
    with as_member(BERTA, GROUP):
        assert start(spec, retry="failed").ending is Ending.TRAINED
    assert not lock.parent.exists()


@only_root
def test_a_stranger_is_told_whose_the_folder_is_and_what_helps(shared, trainings):
    spec = shared(0o022)
    with as_member(BERTA, GROUP), pytest.raises(MachineError) as told:
        start(spec, retry="failed")
    text = str(told.value)
    assert f"{spec[0].study_folder}/.unfinished is user {ALICE}'s (drwxr-sr-x)" in text
    assert f"and you are user {BERTA}; `chmod -R g+rwX " in text
    assert "Errno" not in text
    assert len(text.splitlines()) == 1
    assert run_state(spec[0].folder) is RunState.FAILED
    assert not trainings


def test_a_damaged_record_is_neither_reused_nor_overwritten(spec, trainings):
    start(spec)
    path = spec[0].folder / RECORD_FILE
    path.write_text(path.read_text()[:100])
    outcome = start(spec, retry="failed")
    assert outcome.ending is Ending.FAILED_BEFORE
    assert str(path) in outcome.line
    assert len(trainings) == 1
    assert len(path.read_text()) == 100


@pytest.mark.process
def test_reusing_a_record_imports_no_torch(tmp_path):
    overrides = ["logger=none", "budget.depth=8", "budget.width=4", "epochs=1", "device=cpu"]
    overrides += ["dataset.train_size=40", "dataset.test_size=60"]
    assert program.run(*overrides, folder=tmp_path).returncode == 0
    code = (
        "import sys; from ensemble_switchover.app import main; main(); "
        "print('torch' in sys.modules)"
    )
    again = subprocess.run(
        [sys.executable, "-c", code, *overrides],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "finished before, reused" in again.stdout
    assert again.stdout.endswith("False\n")
