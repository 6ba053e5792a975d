"""Preempted jobs of Slurm: they return to the queue, and resume from their checkpoint.

Slurm warns a job by SIGTERM before it is preempted, requeued or cancelled; submitit has it warned
by SIGUSR2 before its time limit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

from ensemble_switchover.machine import interruption

MADE_ROOM = 75
"""Exit code of a job that returned to the queue: EX_TEMPFAIL of sysexits.h."""
ANSWER_SECONDS = 60


def is_slurm_job() -> bool:
    """Return whether this process is a job that submitit submitted to Slurm."""
    return os.environ.get("SUBMITIT_EXECUTOR") == "slurm"


def listen_for_requeue() -> None:
    """Let Slurm's warnings raise KeyboardInterrupt, in place of submitit's own handling."""
    interruption.listen(signal.SIGUSR2)


def requeue() -> None:
    """Return this job to Slurm's queue, unless Slurm did so or cancelled it, and end it."""
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(["scontrol", "requeue", job_id()], timeout=ANSWER_SECONDS, check=False)
    sys.exit(MADE_ROOM)


def job_id() -> str:
    """Return Slurm's name of this job."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    if array is None:
        return os.environ["SLURM_JOB_ID"]
    return f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}"
