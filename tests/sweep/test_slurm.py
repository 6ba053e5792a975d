"""What a job of Slurm does when it is to make room; the real Slurm is in test_slurm.py."""

import os
import signal
import subprocess
import sys

import pytest

from ensemble_switchover.sweep import slurm

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
    with pytest.raises(SystemExit) as ended:
        slurm.requeue()
    assert ended.value.code == slurm.MADE_ROOM
    assert asked.read_text() == "requeue 17\n"


def test_a_queue_that_does_not_answer_is_no_traceback(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    with pytest.raises(SystemExit):
        slurm.requeue()


def test_jobs_of_submitit_alone_are_slurms(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")  # of somebody who works within an allocation
    monkeypatch.delenv("SUBMITIT_EXECUTOR", raising=False)
    assert not slurm.is_slurm_job()
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "slurm")
    assert slurm.is_slurm_job()
