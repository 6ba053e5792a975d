"""Jobs that ended without an answer are seen, and no others are given up."""

from types import SimpleNamespace

import pytest

from ensemble_switchover.sweep import slurm_watch
from ensemble_switchover.sweep.slurm_answers import JobStatus
from ensemble_switchover.sweep.slurm_watch import (
    FORGOTTEN,
    GRACE_SECONDS,
    LONGEST_START_SECONDS,
    SILENT,
    SILENT_SECONDS,
    JobWatch,
    describe_lost,
    wait_for_jobs,
)


class Job:
    num_tasks = 1

    def __init__(self, number, folder):
        self.job_id = number
        self.paths = SimpleNamespace(result_pickle=folder / f"{number}.pkl")

    def task(self, number):
        return self

    def answer(self):
        self.paths.result_pickle.touch()


@pytest.fixture
def jobs(tmp_path):
    return [Job(f"1_{task}", tmp_path) for task in range(3)]


@pytest.fixture
def watch(jobs):
    return JobWatch({job.job_id: job for job in jobs})


def statuses(*states, reason="None"):
    return {f"1_{task}": JobStatus(state, reason) for task, state in enumerate(states) if state}


def test_a_job_is_lost_once_it_has_ended_and_its_answer_does_not_come(watch):
    for now in (0.0, GRACE_SECONDS - 1):
        watch.look(statuses("RUNNING", "NODE_FAIL", "PENDING"), now)
        assert watch.lost == {}
    watch.look(statuses("RUNNING", "NODE_FAIL", "PENDING"), GRACE_SECONDS)
    assert watch.lost == {"1_1": "NODE_FAIL"}
    assert list(watch.waiting) == ["1_0", "1_2"]


def test_an_answer_that_comes_late_counts(watch, jobs):
    watch.look(statuses("COMPLETED", "COMPLETED", "RUNNING"), 0.0)
    jobs[1].answer()
    watch.look(statuses("COMPLETED", "COMPLETED", "RUNNING"), 10.0)
    assert list(watch.waiting) == ["1_0", "1_2"]
    jobs[0].answer()
    watch.take_answers()
    assert list(watch.waiting) == ["1_2"]
    assert watch.lost == {}


def test_a_job_that_returned_to_the_queue_is_waited_for(watch):
    for now, state in enumerate(("CANCELLED", "PENDING", "RUNNING", "FAILED", "PENDING")):
        watch.look(statuses(state, "RUNNING", "RUNNING"), now * GRACE_SECONDS)
    assert watch.lost == {}


def test_a_job_that_slurm_forgot_is_lost_in_its_last_state(watch):
    watch.look(statuses("CANCELLED", "RUNNING", "RUNNING"), 0.0)
    watch.look(statuses(None, None, "RUNNING"), 10.0)
    watch.look(statuses(None, None, "RUNNING"), 10.0 + GRACE_SECONDS)
    assert watch.lost == {"1_0": "CANCELLED", "1_1": FORGOTTEN}


def test_a_job_without_a_heartbeat_is_lost_though_slurm_takes_it_for_running(jobs, monkeypatch):
    cancelled, beats = [], {"1_0": (1, 100), "1_1": None, "1_2": (1, 100)}
    monkeypatch.setattr(slurm_watch, "ask", lambda *command: cancelled.append(command))
    watch = JobWatch({job.job_id: job for job in jobs}, beats.get)
    running = statuses("RUNNING", "RUNNING", "RUNNING")
    watch.look(running, -10.0)
    beats["1_0"] = (1, 200)
    for now in range(0, int(SILENT_SECONDS), 30):
        beats["1_2"] = (1, now)
        watch.look(running, float(now))
        assert watch.lost == {}
    watch.look(running, SILENT_SECONDS)
    assert watch.lost == {"1_0": SILENT}
    assert cancelled == [("scancel", "1_0")]
    assert list(watch.waiting) == ["1_1", "1_2"]


def test_a_lock_of_a_former_process_is_no_sign_as_long_as_a_job_may_still_begin(jobs, monkeypatch):
    monkeypatch.setattr(slurm_watch, "ask", lambda *command: None)
    watch = JobWatch({jobs[0].job_id: jobs[0]}, lambda _: (1, 100))
    for now in range(0, int(LONGEST_START_SECONDS), 30):
        watch.look(statuses("RUNNING"), float(now))
        assert watch.lost == {}
    watch.look(statuses("RUNNING"), LONGEST_START_SECONDS)
    assert watch.lost == {"1_0": SILENT}


def test_a_job_that_waits_and_returns_has_its_time_anew(jobs):
    watch = JobWatch({jobs[0].job_id: jobs[0]}, lambda _: (1, 100))
    for turn in range(4):
        now = turn * LONGEST_START_SECONDS
        watch.look(statuses("RUNNING"), now)
        watch.look(statuses("PENDING" if turn % 2 else "SUSPENDED"), now + SILENT_SECONDS)
    assert watch.lost == {}


def test_a_job_that_does_not_start_by_itself_is_told_once(watch, capsys):
    for now in (0.0, 10.0):
        watch.look(statuses("PENDING", "PENDING", "RUNNING", reason="JobHeldAdmin"), now)
    assert capsys.readouterr().err == (
        "Slurm does not start job 1_0 by itself (JobHeldAdmin); `scontrol show job 1_0` says more\n"
    )


def test_it_ends_once_all_have_answered_or_are_lost(jobs, monkeypatch):
    clock = iter(range(10**6))
    answers = [None, statuses("RUNNING", "OUT_OF_MEMORY", "RUNNING")]
    monkeypatch.setattr(slurm_watch.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(slurm_watch.time, "monotonic", lambda: float(next(clock)))

    def ask_the_queue(waiting):
        if len(answers) > 1:
            return answers.pop(0)
        for job in (jobs[0], jobs[2]):
            job.answer()
        return answers[0]

    monkeypatch.setattr(slurm_watch, "job_statuses", ask_the_queue)
    assert wait_for_jobs(jobs) == {"1_1": "OUT_OF_MEMORY"}
    assert describe_lost({"1_1": "OUT_OF_MEMORY"}).endswith("(state: OUT_OF_MEMORY)")
