"""Hydra's folders: which of them a run uses, and where Hydra's files wait for it."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ensemble_switchover.config.hydra_folders import (
    hydra_folder,
    refuse_hydra_folders,
    refuse_idle_in_sweep,
    take_hydra_files,
)
from ensemble_switchover.errors import ConfigError


@pytest.mark.parametrize(
    "word", ["hydra.run.dir=outputs/a", "+hydra.run.dir=x", "hydra.sweep.subdir=${hydra.job.num}"]
)
def test_a_folder_in_which_nothing_would_be_is_refused(word):
    with pytest.raises(ConfigError, match=r"nothing of a run would be there; expected results="):
        refuse_hydra_folders(["k=2", word])


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "record.json", "'run.log'"])
def test_hydras_files_have_a_folder_that_no_record_has(name):
    with pytest.raises(ConfigError, match=r"hydra\.output_subdir=.*such as \.hydra"):
        refuse_hydra_folders([f"hydra.output_subdir={name}"])


def test_what_is_none_of_these_passes():
    refuse_hydra_folders(["hydra.output_subdir=.hydra", "hydra.sweep.dir=x", "results=y"])


@pytest.mark.parametrize(("launcher", "is_used"), [({}, False), ({"submitit_folder": "x"}, True)])
def test_the_folder_of_a_sweep_is_for_logs_of_slurms_launcher(launcher, is_used):
    overrides = {"hydra": ["hydra.sweep.dir=logs"]}
    hydra = {"overrides": overrides, "launcher": launcher, "job": {"config_name": "config"}}
    config = OmegaConf.create({"hydra": hydra})
    if is_used:
        refuse_idle_in_sweep(config)
    else:
        with pytest.raises(ConfigError, match=r"^hydra\.sweep\.dir=logs: "):
            refuse_idle_in_sweep(config)


def test_a_sweep_composes_its_runs_from_the_programs_own_file():
    hydra = {"overrides": {"hydra": []}, "launcher": {}, "job": {"config_name": "mine"}}
    with pytest.raises(ConfigError, match=r"^--config-name mine: is for one run.* experiment=mine"):
        refuse_idle_in_sweep(OmegaConf.create({"hydra": hydra}))


def test_hydras_files_are_taken_and_nothing_is_left():
    waiting = Path(hydra_folder(".hydra"))
    (waiting / ".hydra").mkdir(parents=True)
    (waiting / ".hydra" / "overrides.yaml").write_text("- k=2\n")
    settings = OmegaConf.create(
        {"output_subdir": ".hydra", "runtime": {"output_dir": str(waiting)}}
    )
    assert take_hydra_files(settings) == {".hydra/overrides.yaml": b"- k=2\n"}
    assert not waiting.exists()


def test_without_files_there_is_nothing_to_take():
    assert take_hydra_files(OmegaConf.create({"output_subdir": None})) == {}


@pytest.mark.parametrize("option", ["-cp", "--config-path", "--config-p"])
def test_the_groups_of_the_program_are_not_replaced(option):
    with pytest.raises(ConfigError, match=f"^{option}: .*expected --config-dir FOLDER"):
        refuse_hydra_folders([option, "elsewhere"])
    refuse_hydra_folders(["--config-dir", "elsewhere", "--config-name", "mine", "--c", "job"])
