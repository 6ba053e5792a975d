"""The log of a run."""

import logging
import os
from pathlib import Path

import pytest

from ensemble_switchover.results.layout import (
    LOG_FILE,
    unfinished_folder,
)
from ensemble_switchover.runner import run
from ensemble_switchover.runner.job import Ending, run_job
from tests.factories import make_record
from tests.runner.starting import start


def test_the_log_of_a_run_is_kept_with_its_record(spec, monkeypatch):
    log_of_run = logging.getLogger(run.__name__)

    def train(spec, config, *, concurrent_jobs, log, keep):
        log_of_run.info("epoch 1/1")
        log_of_run.warning("no disk left\nfor a checkpoint")
        return make_record(name=spec.name)

    monkeypatch.setattr(run, "train_and_measure", train)
    start(spec)
    lines = (spec[0].folder / LOG_FILE).read_text().splitlines()
    said = [line.split("  ", 1)[1] for line in lines]
    assert said[0].startswith(f"{spec[0].name}, process {os.getpid()} of ")
    assert said[1:4] == ["epoch 1/1", "no disk left", "for a checkpoint"]
    assert "test error" in said[4]


def test_the_log_of_a_failed_run_has_the_traceback_and_gives_way_to_a_record(
    spec, trainings, monkeypatch
):
    with monkeypatch.context() as patch:

        def fail(*arguments, **keywords):
            raise RuntimeError("shapes do not match")

        patch.setattr(run, "train_and_measure", fail)
        with pytest.raises(RuntimeError):
            start(spec)
    log = (spec[0].folder / LOG_FILE).read_text()
    assert "Traceback" in log
    assert "RuntimeError: shapes do not match" in log
    assert start(spec, retry="failed").ending is Ending.TRAINED
    assert "Traceback" not in (spec[0].folder / LOG_FILE).read_text()
    assert not unfinished_folder(spec[0].folder).exists()


def test_a_log_that_cannot_be_written_costs_one_warning(spec, trainings, monkeypatch, caplog):
    write = Path.open

    def full(path, mode="r", *arguments, **keywords):
        if path.name == LOG_FILE and mode == "a":
            raise OSError(28, "No space left on device", str(path))
        return write(path, mode, *arguments, **keywords)

    monkeypatch.setattr(Path, "open", full)
    assert start(spec).ending is Ending.TRAINED
    (warning,) = caplog.messages
    assert warning.startswith("lines of the run's log are lost: ")
    assert warning.endswith(f"{LOG_FILE}: No space left on device; make room there")


def test_runs_of_one_process_have_a_log_each(tiny_spec, monkeypatch):
    def train(spec, config, *, concurrent_jobs, log, keep):
        logging.getLogger(run.__name__).info(f"training {spec.seed}")
        return make_record(name=spec.name)

    monkeypatch.setattr(run, "train_and_measure", train)
    for seed in (1, 2):
        spec, config = tiny_spec(f"seed={seed}")
        run_job(spec, config, concurrent_jobs=1)
        log = (spec.folder / LOG_FILE).read_text()
        assert log.count("training") == 1
        assert f"training {seed}\n" in log
