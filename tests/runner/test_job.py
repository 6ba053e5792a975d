import os
import socket
import subprocess
import sys
from dataclasses import asdict

import pytest
import yaml

from ensemble_switchover.errors import ConfigError, DataError, ProcessEndedError, TrainingError
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    RECORD_FILE,
    checkpoint_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.run_table import list_runs
from ensemble_switchover.results.state import RunState, failure_of, run_state
from ensemble_switchover.runner import run
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
