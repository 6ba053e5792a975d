"""What launchers are told; the launchers themselves are in test_slurm.py and test_ray.py."""

import socket
import sys
from types import SimpleNamespace

import pytest
from hydra.errors import MissingConfigException
from omegaconf import OmegaConf

from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.sweep.launchers import RAY, jobs_of_cluster, join_cluster, prepared


def configuration(**launcher):
    hydra = {
        "launcher": launcher,
        "runtime": {"choices": {"hydra/launcher": "chosen"}},
        "sweep": {"dir": "results/it's"},
        "overrides": {"hydra": []},
    }
    return OmegaConf.create({"hydra": hydra})


def test_ray_joins_the_running_cluster_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = configuration(_target_=RAY, ray={"init": {"address": None}, "remote": {"num_gpus": 1}})
    ray = prepared(asked).hydra.launcher.ray
    assert ray.init == {"address": "auto", "object_store_memory": None}
    assert ray.remote == {"num_cpus": 1, "max_retries": 3, "num_gpus": 1}
    word = prepared(asked).hydra.overrides.hydra[-1]
    assert word == f"hydra.sweep.dir='{tmp_path}/results/it\\'s'"
    assert asked.hydra.overrides.hydra == []


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://127.0.0.1:{}", "127.0.0.1:9{}"])
@pytest.mark.parametrize("by_variable", [True, False])
def test_nobody_waits_for_a_cluster_where_nobody_listens(form, by_variable, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = form.format(taken.getsockname()[1])
        monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=lambda: False))
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        if by_variable:
            monkeypatch.setenv("RAY_ADDRESS", address)
        init = {"address": None if by_variable else address}
        asked = configuration(_target_=RAY, ray={"init": init, "remote": {}})
        with pytest.raises(ConfigError, match=f"running cluster at {address}; nobody answers"):
            join_cluster(asked)


@pytest.mark.parametrize(
    ("remote", "jobs"),
    [
        ({}, 32),
        ({"num_cpus": 4}, 8),
        ({"num_gpus": 1}, 4),
        ({"num_gpus": 0.5}, 8),
        ({"num_cpus": 10, "num_gpus": 1}, 3),
        ({"num_cpus": 0, "num_gpus": 0.25}, 16),
        ({"resources": {"large": 2}}, 1),
    ],
)
def test_ray_has_as_many_runs_at_a_time_as_the_cluster_suffices_for(remote, jobs, monkeypatch):
    found = {"CPU": 32.0, "GPU": 4.0, "large": 3.0, "memory": 1e9}
    ray = SimpleNamespace(is_initialized=lambda: True, cluster_resources=lambda: found)
    monkeypatch.setitem(sys.modules, "ray", ray)
    asked = configuration(_target_=RAY, ray={"init": {"address": None}, "remote": remote})
    assert jobs_of_cluster(asked) == jobs


def test_a_run_that_takes_more_than_the_cluster_has_is_refused(monkeypatch):
    ray = SimpleNamespace(is_initialized=lambda: True, cluster_resources=lambda: {"CPU": 8.0})
    monkeypatch.setitem(sys.modules, "ray", ray)
    asked = configuration(_target_=RAY, ray={"init": {"address": None}, "remote": {"num_gpus": 1}})
    with pytest.raises(ConfigError) as caught:
        jobs_of_cluster(asked)
    assert str(caught.value) == (
        "hydra.launcher.ray.remote: a run takes 1 CPU, 1 GPU, and the cluster has 8 CPU, 0 GPU"
    )


@pytest.mark.parametrize(
    ("overrides", "jobs"), [([], 1), (["hydra.launcher.array_parallelism=6"], 6)]
)
def test_slurm_has_as_many_as_the_overrides_say(overrides, jobs):
    asked = configuration(_target_="hydra_plugins.other", array_parallelism=6)
    asked.hydra.overrides.hydra = overrides
    assert jobs_of_cluster(asked) == jobs


def test_what_is_said_of_ray_counts():
    asked = configuration(
        _target_=RAY, ray={"init": {"address": "head:6379"}, "remote": {"max_retries": 0}}
    )
    ray = prepared(asked).hydra.launcher.ray
    assert ray.init.address == "head:6379"
    assert ray.remote.max_retries == 0


def test_jobs_of_every_launcher_are_told_which_it_is():
    config = configuration(_target_="hydra_plugins.other", n_jobs=2)
    ready = prepared(config)
    assert ready.hydra.launcher == config.hydra.launcher
    assert ready.hydra.overrides.hydra == ["hydra/launcher=chosen"]
    assert config.hydra.overrides.hydra == []


@pytest.mark.parametrize(("option", "extra"), [("submitit_slurm", "slurm"), ("ray", "ray")])
def test_a_launcher_that_is_not_installed_says_what_brings_it(option, extra):
    error = MissingConfigException("no", f"hydra/launcher/{option}", ["basic", "joblib"])
    expected = (
        f"hydra/launcher={option}: is not installed; pip install 'ensemble-switchover[{extra}]'"
    )
    assert message_for(error) == expected
