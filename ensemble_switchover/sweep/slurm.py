"""Preempted jobs of Slurm: they return to the queue, and resume from their checkpoint.

Slurm warns a job by SIGTERM before it is preempted, requeued or cancelled; submitit has it warned
by SIGUSR2 before its time limit.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

from ensemble_switchover.machine import interruption

MADE_ROOM = 75
"""Exit code of a job that returned to the queue: EX_TEMPFAIL of sysexits.h."""
ANSWER_SECONDS = 60
REQUEUE_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds between two tries to return to the queue; a job is warned two minutes before its end."""
_IS_OVER = re.compile(
    r"invalid job id|already|disabled|denied|not permitted|no longer|pending", re.IGNORECASE
)
"""What Slurm says of a job that it has requeued or cancelled itself, or that may not return."""


def is_slurm_job() -> bool:
    """Return whether this process is a job that submitit submitted to Slurm."""
    return os.environ.get("SUBMITIT_EXECUTOR") == "slurm"


def listen_for_requeue() -> None:
    """Let Slurm's warnings raise KeyboardInterrupt, in place of submitit's own handling."""
    interruption.listen(signal.SIGUSR2)


def requeue() -> None:
    """Return this job to Slurm's queue, unless Slurm did so or cancelled it, and end it.

    A busy controller is asked again. Further signals are ignored meanwhile, by the command that
    asks too.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    for seconds in (*REQUEUE_WAITS, 0.0):
        said = _ask_for_requeue()
        if said is None or _IS_OVER.search(said):
            break
        time.sleep(seconds)
    sys.exit(MADE_ROOM)


def _ask_for_requeue() -> str | None:
    """Ask Slurm to return this job to its queue, and return what it says if it does not."""
    try:
        answer = subprocess.run(
            ["scontrol", "requeue", job_id()],
            timeout=ANSWER_SECONDS,
            check=False,
            capture_output=True,
            text=True,
        )
    except OSError:
        return None  # there is nobody to ask
    except subprocess.SubprocessError as error:
        return str(error)
    return answer.stderr if answer.returncode else None


def job_id() -> str:
    """Return Slurm's name of this job."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    if array is None:
        return os.environ["SLURM_JOB_ID"]
    return f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}"
