"""What a job of Slurm does when it is to make room; the real Slurm is in test_slurm.py."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from ensemble_switchover.sweep import slurm

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)
CODE = """
import os, signal, sys
from ensemble_switchover.sweep import slurm
slurm.listen_for_requeue()
try:
    os.kill(os.getpid(), int(sys.argv[1]))
except KeyboardInterrupt:
    slurm.requeue()
print("not stopped")
"""


@contextmanager
def restored_signals():
    """Undo that a job which returns to the queue ignores further signals."""
    before = {number: signal.getsignal(number) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Put a command `scontrol` in place that notes what it is asked for."""
    path = tmp_path / "scontrol"
    path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    return tmp_path / "asked"


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_a_warned_job_goes_back_into_the_queue(number, asked, monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "15")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    answer = subprocess.run(
        [sys.executable, "-c", CODE, str(int(number))], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (slurm.MADE_ROOM, ""), answer.stderr
    assert asked.read_text() == "requeue 15_3\n"


def test_without_an_array_the_job_has_its_own_number(asked, monkeypatch):
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)
    with restored_signals(), pytest.raises(SystemExit) as ended:
        slurm.requeue()
    assert ended.value.code == slurm.MADE_ROOM
    assert asked.read_text() == "requeue 17\n"


BUSY = """#!/bin/sh
echo "$@" >> {place}/asked
[ $(wc -l < {place}/asked) -gt {refusals} ] && exit 0
echo "scontrol: error: {error}" >&2
exit 1
"""


@pytest.mark.parametrize(
    ("error", "refusals", "asked"),
    [
        ("Unable to contact slurm controller (connect failure)", 3, 4),
        ("something new", 3, 4),
        ("Job/step already completing or completed", 3, 1),
        ("Requested operation is presently disabled", 3, 1),
        ("Invalid job id specified", 3, 1),
        ("Socket timed out on send/recv operation", 99, 7),
    ],
)
@pytest.mark.process
def test_a_busy_queue_is_asked_again(error, refusals, asked, tmp_path, monkeypatch):
    path = tmp_path / "scontrol"
    path.write_text(BUSY.format(place=tmp_path, error=error, refusals=refusals))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setattr(slurm, "REQUEUE_WAITS", (0.0,) * len(slurm.REQUEUE_WAITS))
    with restored_signals(), pytest.raises(SystemExit):
        slurm.requeue()
    assert len((tmp_path / "asked").read_text().splitlines()) == asked


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2, signal.SIGINT])
def test_a_further_signal_stops_nothing(number, tmp_path, monkeypatch):
    path = tmp_path / "scontrol"
    path.write_text(f'#!/bin/sh\nkill -{int(number)} $PPID $$\necho "$@" >> {tmp_path}/asked\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)
    answer = subprocess.run(
        [sys.executable, "-c", CODE, str(int(signal.SIGTERM))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (answer.returncode, answer.stdout) == (slurm.MADE_ROOM, ""), answer.stderr
    assert (tmp_path / "asked").read_text() == "requeue 17\n"


def test_a_queue_that_does_not_answer_is_no_traceback(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    with restored_signals(), pytest.raises(SystemExit):
        slurm.requeue()


def test_jobs_of_submitit_alone_are_slurms(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")  # of somebody who works within an allocation
    monkeypatch.delenv("SUBMITIT_EXECUTOR", raising=False)
    assert not slurm.is_slurm_job()
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "slurm")
    assert slurm.is_slurm_job()
