"""Sweeps on a real Slurm of one node, started here."""

import os
import subprocess
import time
from contextlib import ExitStack

import pytest

from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.sweep import slurm_watch
from ensemble_switchover.sweep.slurm_answers import max_array_size
from ensemble_switchover.sweep.slurm_arrays import SlurmArrays, SubmissionError
from tests import engines, troubled
from tests.echo_launcher import EchoLauncher
from tests.slurm_cluster import MAX_ARRAY_SIZE, NoSlurmError, slurm_cluster

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("engines")]

SLURM = (
    "hydra/launcher=submitit_slurm",
    "hydra.launcher.partition=main",
    "hydra.launcher.mem_gb=1",
    "hydra.launcher.timeout_min=10",
)

RESTARTED_RUN = (
    "--multirun", "dataset=digits", "logger=none", "device=cpu", "threads=1", "epochs=4",
    "execution=sequential", "design=deq", "k=2", "budget.network=14x8",
    "dataset.train_size=200", "dataset.test_size=100", "measurement.latency_batch_sizes=[]",
    f"seed={troubled.RESTARTED}",
)  # fmt: skip
DISTURBANCES = (("scontrol", "requeue"), ("scancel", "--signal=TERM"), ("scancel", "--signal=USR2"))


QUESTIONS = 60
"""So many times a question is repeated that Slurm does not answer."""
PENDING_SECONDS = 3
"""A job that returned to the queue starts no sooner."""


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
        with engines.patience():  # until no process of a job is left
            while slurm(environment, "squeue", "--noheader"):
                slurm(environment, "scancel", "--quiet", "--user=root")
                time.sleep(0.5)


def slurm(environment, *command):
    """Ask Slurm, which may not answer at once while it is busy, and return what it says."""
    for _ in range(QUESTIONS):
        answer = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        if answer.returncode == 0:
            return answer.stdout.strip()
        time.sleep(0.5)
    raise AssertionError(f"{' '.join(command)}: {answer.stderr}")


def start_what_is_pending(environment, since):
    """Let a job start that returned to the queue: Slurm gives it a time two minutes from then.

    Slurm drops a job that starts within the second in which it was stopped (its credential counts
    as revoked), so a job waits a while here too. `since` has when each was first seen waiting.
    Returns whether Slurm has jobs.
    """
    jobs = slurm(environment, "squeue", "--noheader", "--format=%i %T").splitlines()
    for line in jobs:
        job, state = line.split()
        if state != "PENDING":
            since.pop(job, None)
        elif time.monotonic() - since.setdefault(job, time.monotonic()) > PENDING_SECONDS:
            subprocess.run(  # refused if it has started meanwhile
                ("scontrol", "update", f"JobId={job}", "StartTime=now"),
                env=environment, capture_output=True, check=False, timeout=60,
            )  # fmt: skip
    return bool(jobs)


def test_the_study_smoke_gives_the_records_of_one_process(cluster, smoke_outcomes, tmp_path):
    engines.run(tmp_path, *engines.SMOKE, *SLURM, environment=cluster)
    assert engines.outcomes(tmp_path) == smoke_outcomes


@pytest.fixture
def launch(cluster, tmp_path, monkeypatch):
    """Launch jobs that train nothing on the real Slurm; return what they answer, or why not."""
    monkeypatch.setenv("SLURM_CONF", cluster["SLURM_CONF"])
    monkeypatch.setenv("PYTHONPATH", str(engines.REPOSITORY))

    def start(*words, **params):
        launcher = SlurmArrays(EchoLauncher(tmp_path / "study", **params))
        try:
            returns = launcher.launch([[word] for word in words], 0)
        except SubmissionError as error:
            return str(error)
        return [entry.return_value for entry in returns]

    return start


def test_an_array_is_no_larger_than_the_cluster_takes(launch, tmp_path):
    assert max_array_size() == MAX_ARRAY_SIZE
    number = 2 * MAX_ARRAY_SIZE + 1
    assert launch(*["x"] * number) == [f"{index}: x" for index in range(number)]
    ran = [(tmp_path / "study" / f"{index}.ran").read_text() for index in range(number)]
    assert all(text.count("\n") == 1 for text in ran)
    arrays, tasks = zip(*(text.split() for text in ran), strict=True)
    assert len(set(arrays)) == 3
    assert [int(task) for task in tasks] == [*range(6), *range(6), *range(5)]


def test_a_job_that_is_killed_is_seen_without_accounting(launch, tmp_path, monkeypatch):
    monkeypatch.setattr(slurm_watch, "QUEUE_POLL_SECONDS", 1.0)
    monkeypatch.setattr(slurm_watch, "GRACE_SECONDS", 3.0)
    assert launch("x", "killed", "x").endswith(
        "_1 of Slurm ended without an answer (state: FAILED)"
    )
    assert len(list((tmp_path / "study").glob("*.ran"))) == 3


def test_a_refusal_of_sbatch_is_one_sentence(launch):
    assert launch("x", partition="none") == (
        "sbatch: invalid partition specified: none; Invalid partition name specified"
    )


def test_a_job_that_makes_room_goes_on_from_its_checkpoint(cluster, tmp_path):
    engines.run(tmp_path / "undisturbed", *RESTARTED_RUN)
    folder = tmp_path / "disturbed"
    process = engines.start(
        folder, *RESTARTED_RUN, *SLURM, environment=cluster, module="tests.troubled"
    )
    pending_since = {}

    def wait_for(is_so):
        while not is_so():
            assert process.poll() is None, process.communicate()
            has_jobs = start_what_is_pending(cluster, pending_since)
            assert has_jobs or is_so() or not engines.has_checkpoint(folder), (
                "Slurm dropped the job"
            )
            time.sleep(0.5)

    for number, disturb in enumerate(DISTURBANCES, start=1):
        wait_for(lambda name=f"{number:06}.checkpoint": any(folder.rglob(name)))
        job = slurm(cluster, "squeue", "--noheader", "--states=RUNNING", "--format=%i")
        slurm(cluster, *disturb, job)
    wait_for(lambda: any(folder.rglob(RECORD_FILE)))
    said = "".join(process.communicate())
    assert process.returncode == 0, said
    assert engines.outcomes(folder) == engines.outcomes(tmp_path / "undisturbed")
    for number in (1, 2, 3):
        assert engines.log_of(folder).count(f"going on after epoch {number} of 4") == 1
    assert "Restarts=3" in slurm(cluster, "scontrol", "show", "job", job)
