"""What is read of the answers of Slurm's commands."""

import pytest

from ensemble_switchover.sweep.slurm_answers import (
    JobStatus,
    is_unreachable,
    job_statuses,
    max_array_size,
    takes_no_more,
    why_refused,
)

POLICY = (
    "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
    "limit, user's size and/or time limits)"
)


@pytest.fixture
def answer(tmp_path, monkeypatch):
    """Put commands in place that give an answer."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def put(name, text="", error="", code=0):
        path = tmp_path / name
        path.write_text(
            f"#!/bin/sh\ncat <<'.'\n{text}\n.\ncat >&2 <<'.'\n{error}\n.\nexit {code}\n"
        )
        path.chmod(0o755)

    return put


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("MaxArraySize            = 1001\nMaxJobCount = 3", 1001),
        ("MaxArraySize = 0", 1),
        ("", None),
    ],
)
def test_the_size_of_arrays_is_that_of_the_cluster(text, size, answer):
    answer("scontrol", text)
    assert max_array_size() == size


@pytest.mark.process
def test_where_slurm_does_not_say_it_nothing_is_known(answer, monkeypatch):
    answer("scontrol", error="Unable to contact slurm controller", code=1)
    assert max_array_size() is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert max_array_size() is None
    assert job_statuses(["1_0"]) is None


@pytest.mark.process
def test_jobs_stand_as_the_queue_says(answer):
    answer("squeue", "1_0|COMPLETED|None\n1_1|PENDING|JobHeldAdmin\n7|RUNNING|None")
    statuses = job_statuses(["1_0", "1_1", "7"])
    assert statuses["1_0"] == JobStatus("COMPLETED", "None")
    assert [statuses[job].ended for job in ("1_0", "1_1", "7")] == [True, False, False]
    assert [statuses[job].stuck for job in ("1_0", "1_1", "7")] == [False, True, False]


@pytest.mark.process
@pytest.mark.parametrize(
    ("error", "known"),
    [
        ("slurm_load_jobs error: Invalid job id specified", {}),
        ("slurm_load_jobs error: Unable to contact slurm controller", None),
    ],
)
def test_jobs_that_are_forgotten_are_none_and_no_answer_is_no_end(error, known, answer):
    answer("squeue", error=error, code=1)
    assert job_statuses(["1_0"]) == known


@pytest.mark.parametrize(
    ("reason", "stuck"),
    [
        ("Resources", False),
        ("Priority", False),
        ("Dependency", False),
        ("BeginTime", False),
        ("QOSMaxJobsPerUserLimit", False),
        ("JobArrayTaskLimit", False),
        ("launch failed requeued held", True),
        ("PartitionTimeLimit", True),
        ("QOSMaxWallDurationPerJobLimit", True),
        ("DependencyNeverSatisfied", True),
    ],
)
def test_what_does_not_start_by_itself_is_known_by_its_reason(reason, stuck):
    assert JobStatus("PENDING", reason).stuck is stuck


@pytest.mark.parametrize(
    ("text", "by_itself", "full"),
    [
        ("sbatch: error: QOSMaxSubmitJobPerUserLimit\n" + POLICY, True, True),
        ("sbatch: error: AssocMaxSubmitJobLimit\n" + POLICY, False, True),
        ("sbatch: error: QOSGrpSubmitJobsLimit\n" + POLICY, True, True),
        ("sbatch: error: QOSMaxWallDurationPerJobLimit\n" + POLICY, False, False),
        ("sbatch: error: AssocMaxCpuPerJobLimit\n" + POLICY, False, False),
        (POLICY, False, True),
        (POLICY, True, False),
        (
            "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying",
            True,
            True,
        ),
        (
            "sbatch: error: Batch job submission failed: Resource temporarily unavailable",
            True,
            True,
        ),
        ("Batch job submission failed: Invalid job array specification", False, True),
        ("Batch job submission failed: Invalid job array specification", True, False),
        (
            "sbatch: error: Batch job submission failed: Requested time limit is invalid",
            False,
            False,
        ),
    ],
)
def test_a_limit_of_the_number_of_jobs_is_told_from_others(text, by_itself, full):
    assert takes_no_more(text, by_itself=by_itself) is full
    assert not is_unreachable(text)


@pytest.mark.parametrize(
    "text",
    [
        "Unable to contact slurm controller (connect failure)",
        "Socket timed out on send/recv operation",
        "slurm_persist_conn_open: failed to send: Connection refused",
        "Zero Bytes were transmitted or received",
    ],
)
def test_a_controller_that_is_away_is_no_refusal(text):
    assert is_unreachable(f"sbatch: error: Batch job submission failed: {text}")
    assert not takes_no_more(text, by_itself=True)


def test_a_refusal_is_one_sentence():
    text = "sbatch: error: Time limit\nsbatch: error: Batch job submission failed: Time limit"
    assert why_refused(text) == "sbatch: Time limit"
    assert why_refused("") == "sbatch: failed without a word"
