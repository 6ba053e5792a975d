"""What variables of W&B do to runs: none of them merges two."""

import os
from pathlib import Path

import pytest

from ensemble_switchover.config.schema import LoggerConfig
from ensemble_switchover.tracking.wandb_environment import (
    OVERRULED,
    forget_overruled,
    forget_service_of_others,
    overruled_variables,
    tags_of_environment,
    wandb_folder,
)
from ensemble_switchover.tracking.wandb_run import start_run
from tests import program
from tests.tracking.wandb_file import read_wandb_file


def test_the_folder_is_that_of_the_variable_or_of_the_study():
    study = Path("results/demo")
    assert wandb_folder(study, {}) == study
    assert wandb_folder(study, {"WANDB_DIR": ""}) == study
    assert wandb_folder(study, {"WANDB_DIR": "/scratch/w"}) == Path("/scratch/w")
    assert wandb_folder(study, {"WANDB_DIR": "~/w"}) == Path.home() / "w"


def test_variables_that_do_not_count_are_named_in_one_sentence():
    assert overruled_variables({"WANDB_DIR": "x", "WANDB_TAGS": "y", "WANDB_RUN_ID": ""}) is None
    told = overruled_variables(dict.fromkeys(OVERRULED, "x"))
    assert all(name in told for name in OVERRULED)
    assert len(told.splitlines()) == 1


def test_they_are_forgotten_and_no_others():
    environment = {"WANDB_RUN_ID": "a", "WANDB_NOTES": "mine", "WANDB_DIR": "/scratch"}
    forget_overruled(environment)
    assert environment == {"WANDB_NOTES": "mine", "WANDB_DIR": "/scratch"}


def test_the_helper_of_another_process_is_forgotten_and_ones_own_is_kept():
    for text in (f"3-{os.getppid()}-unix-/tmp/a-b", f"3-{os.getppid()}-tcp-localhost-5", "odd", ""):
        environment = {"WANDB_SERVICE": text, "WANDB_DIR": "x"}
        forget_service_of_others(environment)
        assert environment == {"WANDB_DIR": "x"}
    own = {"WANDB_SERVICE": f"3-{os.getpid()}-unix-/tmp/a-b"}
    forget_service_of_others(own)
    assert own
    forget_service_of_others(nothing := {})
    assert nothing == {}


def test_tags_are_added():
    assert tags_of_environment({}) == []
    assert tags_of_environment({"WANDB_TAGS": " a,b c ,,"}) == ["a", "b c"]


@pytest.mark.slow
def test_two_runs_are_two_whatever_the_environment_says(tmp_path, monkeypatch):
    for name in OVERRULED:
        monkeypatch.setenv(name, "must" if name == "WANDB_RESUME" else "shared?_step=3")
    monkeypatch.setenv("TRAINING_JOB_NAME", "of-sagemaker")
    monkeypatch.setenv("WANDB_TAGS", "mine,demo")
    ids = set()
    for name in ("first", "second"):
        run = start_run(
            LoggerConfig(kind="wandb", mode="offline"),
            tmp_path,
            name=name,
            study="demo",
            job_type="run",
            tags=["demo", "k=2"],
            hyperparameters={},
        )
        run.finish()
        ids.add(run.id)
        (file,) = tmp_path.glob(f"wandb/offline-run-*-{run.id}/*.wandb")
        told = read_wandb_file(file)
        assert (told.name, told.group, told.job_type) == (name, "demo", "run")
        assert set(told.tags) == {"demo", "k=2", "mine"}
    assert len(ids) == 2
    assert not any("shared" in entry or "sagemaker" in entry for entry in ids)


@pytest.mark.process
def test_a_sweep_says_so_once_and_names_the_folder_of_the_variable(tmp_path):
    folder = tmp_path / "odd place"
    result = program.run(
        *("--multirun", "seed=0", "logger=wandb", "epochs=1", "device=cpu", "threads=1"),
        *("budget.depth=8", "budget.width=4", "dataset.train_size=40", "dataset.test_size=60"),
        *("measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0"),
        "execution=sequential",
        folder=tmp_path,
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(program.REPOSITORY),
            "WANDB_RUN_ID": "shared",
            "WANDB_RESUME": "must",
            "WANDB_DIR": str(folder),
        },
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == (
        "W&B: WANDB_RUN_ID, WANDB_RESUME do not count: every run has its own id, name, group and "
        "job type\n"
    )
    assert f"send them: wandb sync '{folder}/wandb'/offline-run-*\n" in result.stdout
    files = list(folder.glob("wandb/offline-run-*/*.wandb"))
    assert len(files) == 1
    assert "shared" not in files[0].name
    assert not list(tmp_path.glob("results/*/wandb"))
