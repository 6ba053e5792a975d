"""Sweeps on a real Ray of two nodes, started here: `make test-ray`."""

import os
import signal
import time

import pytest

from ensemble_switchover.app import INTERRUPTED
from ensemble_switchover.config.command_line import EXIT_USAGE
from ensemble_switchover.sweep import launchers
from tests import engines, ray_cluster
from tests.sweep.test_launchers import configuration

if os.environ.get("TEST_ENGINES") != "1":
    pytest.skip("takes minutes: make test-ray", allow_module_level=True)
ray = pytest.importorskip("ray", reason="needs the extra ray")
pytest.importorskip("hydra_plugins.hydra_ray_launcher", reason="needs the extra ray")
pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray's own process handling

RAY = "hydra/launcher=ray"


@pytest.fixture(autouse=True)
def patience():
    with engines.patience():
        yield


@pytest.fixture
def nodes():
    with ray_cluster.two_nodes() as (cluster, second, environment):
        yield cluster, second, environment


def owners(folder):
    """Return the processes that hold a run at this moment."""
    return list(folder.glob("results/*/.unfinished/*/*.lock"))


@pytest.mark.process
def test_the_study_smoke_gives_the_records_of_one_process(nodes, tmp_path):
    *_, environment = nodes
    engines.run(tmp_path / "basic", "sweep=smoke")
    engines.run(tmp_path / "ray", "sweep=smoke", RAY, environment=environment)
    expected = engines.outcomes(tmp_path / "basic")
    assert len(expected) == 12
    assert engines.outcomes(tmp_path / "ray") == expected


@pytest.mark.process
def test_a_timed_sweep_counts_the_processors_of_the_cluster(nodes, monkeypatch):
    *_, environment = nodes
    monkeypatch.setenv("RAY_ADDRESS", environment["RAY_ADDRESS"])
    for cpus, jobs in ((1, 2), (2, 1)):
        asked = configuration(
            _target_=launchers.RAY, ray={"init": {"address": None}, "remote": {"num_cpus": cpus}}
        )
        assert launchers.jobs_of_cluster(asked) == jobs
    ray.shutdown()


@pytest.mark.process
def test_a_sweep_that_is_stopped_says_so_and_goes_on(nodes, tmp_path):
    *_, environment = nodes
    engines.run(tmp_path / "basic", *engines.LONG_RUN)
    process = engines.start(tmp_path / "ray", *engines.LONG_RUN, RAY, environment=environment)
    while not engines.has_checkpoint(tmp_path / "ray"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.terminate()
    said = "".join(process.communicate())
    assert process.returncode == 128 + signal.SIGTERM, said
    assert INTERRUPTED in said
    engines.run(tmp_path / "ray", *engines.LONG_RUN, RAY, environment=environment)
    assert engines.outcomes(tmp_path / "ray") == engines.outcomes(tmp_path / "basic")
    assert "going on after epoch" in engines.log_of(tmp_path / "ray")


@pytest.mark.process
def test_without_a_cluster_one_sentence_tells_how_to_begin_one(tmp_path):
    process = engines.start(tmp_path, *engines.LONG_RUN, RAY)
    said = "".join(process.communicate())
    assert process.returncode == EXIT_USAGE, said
    assert said.splitlines()[-1].startswith("hydra/launcher=ray: expected a running cluster; ")
    assert not (tmp_path / "results").exists()


@pytest.mark.process
def test_the_runs_of_a_node_that_dies_are_done_again(nodes, tmp_path):
    cluster, second, environment = nodes
    overrides = (*engines.LONG_RUN, "seed=0,1")
    engines.run(tmp_path / "basic", *overrides)
    process = engines.start(tmp_path / "ray", *overrides, RAY, environment=environment)
    while len(owners(tmp_path / "ray")) < 2 or not engines.has_checkpoint(tmp_path / "ray"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    cluster.remove_node(second, allow_graceful=False)
    said = "".join(process.communicate())
    assert process.returncode == 0, said
    assert engines.outcomes(tmp_path / "ray") == engines.outcomes(tmp_path / "basic")
    logs = [path.read_text() for path in (tmp_path / "ray").rglob("run.log")]
    assert sum(log.count(", process ") for log in logs) == 3  # one was begun twice
