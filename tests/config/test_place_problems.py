"""Names and folders are checked with the configuration, before anything is loaded."""

import os

import pytest
from hydra import compose, initialize_config_dir

from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.config.place_problems import place_problems
from ensemble_switchover.config.quoting import quoted_text
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError


def problems_of(compose_config, **values):
    config = compose_config()
    for key, value in values.items():
        node, _, name = key.rpartition("__")
        setattr(getattr(config, node) if node else config, name, value)
    return place_problems(config)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"study": "wandb"},
            "study=wandb: expected the name of a folder that the program does not",
        ),
        ({"study": "--x"}, "study=--x: expected the name of a folder that does not begin with -"),
        (
            {"study": os.fsdecode(b"caf\xe9")},
            r"study=caf\xe9: expected the name of a folder, of ch",
        ),
        ({"results": os.fsdecode(b"caf\xe9")}, r"results=caf\xe9: is not UTF-8; expected a name"),
        (
            {"results": "a/.unfinished/b"},
            "results=a/.unfinished/b: expected a folder that is not am",
        ),
        ({"results": ""}, "results=: expected the name of a folder"),
        ({"results": "~nobody_so_named/x"}, "results=~nobody_so_named/x: the home folder of ~nob"),
        ({"results": "a/" * 2000}, "expected a path of at most 3584 bytes"),
        ({"dataset__root": "x" * 256}, "expected names of at most 255 bytes"),
        ({"dataset__cache": ""}, "dataset.cache=: expected the name of a folder"),
        ({"dataset__name": "a/b"}, "dataset.name=a/b: expected a name of 1 to 64 bytes, without /"),
        (
            {"logger__project": "a%b"},
            "logger.project=a%b: expected a name of 1 to 128 bytes withou",
        ),
        ({"logger__entity": "a/b"}, "logger.entity=a/b: expected a name of 1 to 128 bytes without"),
        ({"logger__name": ""}, "logger.name=: expected a name of 1 to 128 bytes that can be print"),
        ({"logger__group": "a\nb"}, r"logger.group=a\nb: expected a name of 1 to 128 bytes that"),
        ({"logger__tags": ["a", "x" * 65]}, "x: expected a name of 1 to 64 bytes that can be prin"),
    ],
)
def test_a_name_without_a_place_is_told(values, message, compose_config):
    (problem,) = problems_of(compose_config, **values)
    assert message in problem


def test_names_of_wandb_count_where_it_logs(compose_config):
    idle = {"logger__project": "a%b", "logger__tags": [""]}
    assert problems_of(compose_config, **idle, logger__kind="none") == []


def test_all_is_told_at_once_and_each_thing_once(compose_config, tmp_path):
    (tmp_path / "file").touch()
    overrides = [
        "study=report",
        "dataset=folder",
        "dataset.root='~nobody_so_named'",
        f"results={tmp_path}/file",
    ]
    with pytest.raises(ConfigError) as error:
        resolve(compose_config(*overrides))
    assert [problem.partition("=")[0] for problem in error.value.args] == [
        "study", "dataset.root", "results",
    ]  # fmt: skip


def test_home_is_the_same_for_every_folder(compose_config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("~/x y", "./~", "~"):
        spec = resolve(compose_config(f"results={quoted_text(text)}"))
        assert spec.results == {"~/x y": tmp_path / "x y", "./~": spec.results}.get(text, tmp_path)


def test_a_folder_that_wandb_cannot_name_is_refused_where_it_logs(compose_config, monkeypatch):
    odd = os.fsdecode(b"/scratch/caf\xe9")
    monkeypatch.setenv("WANDB_DIR", odd)
    (problem,) = problems_of(compose_config)
    assert problem.startswith(
        r"WANDB_DIR=/scratch/caf\xe9: the folder /scratch/caf\xe9 is not UTF-8"
    )
    assert problems_of(compose_config, logger__kind="none") == []
    monkeypatch.delenv("WANDB_DIR")
    monkeypatch.setenv("HOME", odd)
    (problem,) = problems_of(compose_config, results="~/x")
    assert problem.startswith(r"results=~/x: the folder /scratch/caf\xe9/x is not UTF-8, which W&B")


def test_what_lies_in_place_of_a_folder_of_images_is_told_once(compose_config, tmp_path):
    (tmp_path / "photos.zip").write_bytes(b"PK")
    overrides = ("dataset=folder", f"dataset.root={tmp_path / 'photos.zip'}")
    with pytest.raises(ConfigError) as error:
        resolve(compose_config(*overrides))
    (problem,) = error.value.args
    assert "photos.zip is an archive; unpack it" in problem


def test_what_a_launcher_keeps_lies_in_the_home_folder_too(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        node = compose("config", ["results='~/x'", "study=y"], return_hydra_config=True)
    assert node.hydra.sweep.dir == "/home/ada/x/y"
