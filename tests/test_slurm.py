"""Sweeps on a real Slurm of one node, started here."""

import os
import subprocess
import time
from contextlib import ExitStack

import pytest

from tests import engines
from tests.slurm_cluster import NoSlurmError, slurm_cluster

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("engines")]

SLURM = (
    "hydra/launcher=submitit_slurm",
    "hydra.launcher.partition=main",
    "hydra.launcher.mem_gb=1",
    "hydra.launcher.timeout_min=10",
)


@pytest.fixture(autouse=True)
def patience():
    with engines.patience():
        yield


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Start Slurm; skip the tests where it cannot be, unless REQUIRE_SLURM is set."""
    with ExitStack() as stack:
        try:
            environment = stack.enter_context(slurm_cluster(tmp_path_factory.mktemp("slurm")))
        except NoSlurmError as problem:
            if os.environ.get("REQUIRE_SLURM"):
                raise
            pytest.skip(str(problem))
        yield environment


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    engines.run(folder, *engines.LONG_RUN)
    return engines.outcomes(folder)


def slurm(environment, *command):
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return answer.stdout.strip()


def test_the_study_smoke_gives_the_records_of_one_process(cluster, smoke_outcomes, tmp_path):
    engines.run(tmp_path, *engines.SMOKE, *SLURM, environment=cluster)
    assert engines.outcomes(tmp_path) == smoke_outcomes


@pytest.mark.parametrize(
    "disturb", [("scontrol", "requeue"), ("scancel", "--signal=TERM"), ("scancel", "--signal=USR2")]
)
def test_a_job_that_makes_room_goes_on_from_its_checkpoint(disturb, cluster, undisturbed, tmp_path):
    process = engines.start(tmp_path, *engines.LONG_RUN, *SLURM, environment=cluster)
    while not engines.has_checkpoint(tmp_path):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    job = slurm(cluster, "squeue", "--noheader", "--format=%i")
    slurm(cluster, *disturb, job)
    while process.poll() is None:
        if slurm(cluster, "squeue", "--noheader", "--format=%T") == "PENDING":
            slurm(cluster, "scontrol", "update", f"JobId={job}", "StartTime=now")
        time.sleep(1)
    said = "".join(process.communicate())
    assert process.returncode == 0, said
    assert engines.outcomes(tmp_path) == undisturbed
    assert "going on after epoch" in engines.log_of(tmp_path)
    assert "Restarts=1" in slurm(cluster, "scontrol", "show", "job", job)
