"""One run of W&B goes through every interruption, and has each epoch once."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import wandb

from ensemble_switchover.errors import DivergenceError
from ensemble_switchover.results.layout import WANDB_FILE, unfinished_folder
from ensemble_switchover.runner import active_run as run_module
from ensemble_switchover.runner.job import Ending, run_job
from ensemble_switchover.tracking.wandb_epochs import (
    WandbEpochs,
    close_wandb_epochs,
    epochs_at_wandb,
    kept_of_killed_process,
    read_wandb_epochs,
    write_wandb_epochs,
)
from ensemble_switchover.tracking.wandb_file import has_run
from ensemble_switchover.tracking.wandb_logger import WandbRunLogger
from tests import program, troubled
from tests.tracking.wandb_file import read_wandb_file
from tests.tracking.wandb_server import wandb_server

pytestmark = pytest.mark.slow

KEY = "0123456789abcdef0123456789abcdef01234567"
EPOCHS = [1, 2, 3, 4]
WORDS = ("logger=wandb", "epochs=4", "budget.depth=8", "budget.width=4")


def offline_files(folder):
    return sorted(folder.glob("wandb/offline-run-*/*.wandb"))


def epochs_in(files):
    return [row["epoch"] for file in files for row in read_wandb_file(file).history]


def stop_before(number):
    def stop(folder, checkpoint):
        if checkpoint.num_epochs == number:
            raise KeyboardInterrupt
        WRITE(folder, checkpoint)

    return stop


def stop_after(number):
    def stop(folder, checkpoint):
        WRITE(folder, checkpoint)
        if checkpoint.num_epochs == number:
            raise KeyboardInterrupt

    return stop


WRITE = run_module.write_checkpoint
INTERRUPTIONS = (stop_before(1), stop_after(1), stop_before(3))
"""An epoch was sent and is in no checkpoint, or is in one."""


@pytest.fixture
def interrupted(tiny_spec, monkeypatch, every_epoch_kept):
    """Train a run that is interrupted now and then; give its study's folder."""

    def train(*overrides):
        monkeypatch.setattr(WandbRunLogger, "_log_record", lambda self: None)
        spec, config = tiny_spec(*WORDS, *overrides)
        for stop in INTERRUPTIONS:
            with monkeypatch.context() as patch:
                patch.setattr(run_module, "write_checkpoint", stop)
                with pytest.raises(KeyboardInterrupt):
                    run_job(spec, config, concurrent_jobs=1)
        assert run_job(spec, config, concurrent_jobs=1).ending is Ending.TRAINED
        return spec.study_folder

    return train


def environment_of(server, home):
    return {
        **{name: value for name, value in os.environ.items() if name != "WANDB_MODE"},
        "WANDB_BASE_URL": server.url,
        "WANDB_API_KEY": KEY,
        "WANDB_ERROR_REPORTING": "false",
        "HOME": str(home),
    }


@pytest.mark.process
def test_offline_every_epoch_is_in_one_file_and_sent_once(interrupted, tmp_path):
    files = offline_files(interrupted())
    assert len({file.name for file in files}) == 1
    assert epochs_in(files) == EPOCHS
    with wandb_server() as server:
        answer = subprocess.run(
            [Path(sys.executable).with_name("wandb"), "sync", *(file.parent for file in files)],
            env=environment_of(server, tmp_path),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        (run,) = server.runs.values()
    assert run.epochs == EPOCHS
    assert run.exit_codes[-1] == 0


@pytest.mark.process
def test_online_one_run_goes_through_every_interruption(interrupted, tmp_path, monkeypatch):
    wandb.teardown()  # the session before knows another server
    with wandb_server() as server:
        with monkeypatch.context() as patch:
            patch.delenv("WANDB_MODE")
            for name, value in environment_of(server, tmp_path).items():
                patch.setenv(name, value)
            interrupted("logger.mode=online")
            wandb.teardown()
        (run,) = server.runs.values()
    assert run.epochs == EPOCHS
    assert run.exit_codes == [1, 1, 1, 0]


@pytest.mark.process
def test_a_killed_process_loses_no_epoch_of_what_is_sent(tiny_spec, tmp_path):
    words = (*WORDS, f"seed={troubled.KILLED}", "device=cpu", "dataset.train_size=40",
             "dataset.test_size=60", "recipe.batch_size=16",
             "measurement.latency_batch_sizes=[1,4]",
             "measurement.latency_seconds=0.01")  # fmt: skip
    killed = program.run(*words, folder=tmp_path, module="tests.troubled")
    assert killed.returncode == -9
    spec, config = tiny_spec(*words)
    assert unfinished_folder(spec.folder).is_dir()
    assert run_job(spec, config, concurrent_jobs=1).ending is Ending.TRAINED
    *killed, last = offline_files(spec.study_folder)
    assert all(file.name == last.name for file in killed)
    kept = [row for file in killed for row in read_wandb_file(file, killed=True).history]
    assert [row["epoch"] for row in kept] + epochs_in([last]) == EPOCHS
    assert all(has_run(file) for file in killed)


def test_a_run_that_begins_anew_is_another_run_of_wandb(tiny_spec, monkeypatch):
    spec, config = tiny_spec("logger=wandb", "epochs=1", "budget.depth=8", "budget.width=4")

    def diverge(*arguments):
        raise DivergenceError("not finite")

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "write_checkpoint", diverge)
        with pytest.raises(DivergenceError):
            run_job(spec, config, concurrent_jobs=1)
    assert not (unfinished_folder(spec.folder) / WANDB_FILE).exists()
    config.retry = "failed"
    assert run_job(spec, config, concurrent_jobs=1).ending is Ending.TRAINED
    files = offline_files(spec.study_folder)
    assert len({file.name for file in files}) == 2
    assert [epochs_in([file]) for file in files] == [[1], [1]]


# What a run has handed over


def test_what_was_handed_over_is_kept_and_a_damaged_note_is_begun_anew(tmp_path):
    first = read_wandb_epochs(tmp_path / "run")
    assert read_wandb_epochs(tmp_path / "run").id != first.id
    write_wandb_epochs(tmp_path / "run", replace(first, offline=3))
    assert read_wandb_epochs(tmp_path / "run") == replace(first, offline=3)
    close_wandb_epochs(tmp_path / "run", first)
    assert read_wandb_epochs(tmp_path / "run").closed
    (unfinished_folder(tmp_path / "run") / WANDB_FILE).write_text('{"id": "x", "more": 1}')
    assert read_wandb_epochs(tmp_path / "run").id != first.id


def test_a_finished_run_leaves_no_note(tmp_path):
    close_wandb_epochs(tmp_path / "run", WandbEpochs(id="abc"))
    assert not list(tmp_path.iterdir())


def run_of(folder, *, offline, resumed=False, epoch=None):
    return SimpleNamespace(
        offline=offline,
        resumed=resumed,
        summary={} if epoch is None else {"epoch": epoch},
        dir=str(folder / "wandb" / "offline-run-2-abc" / "files"),
    )


def test_the_server_says_what_it_has_of_a_killed_process(tmp_path):
    handed_over = WandbEpochs(id="abc", online=5)
    for resumed, epoch, expected in ((True, 3, 3), (True, None, 0), (False, None, 0)):
        run = run_of(tmp_path, offline=False, resumed=resumed, epoch=epoch)
        assert epochs_at_wandb(handed_over, run).online == expected
    assert epochs_at_wandb(handed_over, run_of(tmp_path, offline=True)).online == 5


def test_a_killed_process_s_file_says_what_is_in_it_unless_it_was_sent(tmp_path):
    file = tmp_path / "wandb" / "offline-run-1-abc" / "run-abc.wandb"
    handed_over = WandbEpochs(id="abc", offline=5, before=2, file=str(file))
    assert kept_of_killed_process(handed_over) == handed_over
    file.parent.mkdir(parents=True)
    file.write_bytes(b":W&B\xd9\xe5\x00")
    closed = replace(handed_over, closed=True)
    assert kept_of_killed_process(closed) == closed
    assert file.exists()  # it may still be written
    kept = kept_of_killed_process(handed_over)
    assert kept == replace(handed_over, offline=2)
    assert not file.exists()
    later = epochs_at_wandb(kept, run_of(tmp_path, offline=True))
    assert (later.before, later.offline) == (2, 2)
    assert later.file == str(tmp_path / "wandb" / "offline-run-2-abc" / "run-abc.wandb")
