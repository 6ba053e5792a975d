"""The program with trouble in some of its runs, by their seeds: `python -m tests.troubled WORDS`.

The trouble is planted in the process that trains, under any launcher. Two of the seeds wait after
their first checkpoint until somebody interrupts them; another waits after each until Slurm has
started it again a few times.
"""

from __future__ import annotations

import os
import signal
import time
from unittest import mock

from ensemble_switchover import app
from ensemble_switchover.machine import interruption

RAISES, OUT_OF_MEMORY, KILLED = 1, 2, 3
WAIT = (7, 8)
LONGEST_WAIT_SECONDS = 600
RESTARTED, NUM_RESTARTS = 9, 3

_job = app.job


def job(node):
    """Run one job, or what the seed asks for in its place."""
    from ensemble_switchover.runner import active_run, run

    def raise_an_error(*arguments, **keywords):
        raise RuntimeError("shapes do not match")

    def want_memory(*arguments, **keywords):
        raise MemoryError

    def be_killed(folder, checkpoint):
        write_checkpoint(folder, checkpoint)
        os.kill(os.getpid(), signal.SIGKILL)

    def wait(folder, checkpoint):
        write_checkpoint(folder, checkpoint)
        for _ in range(int(10 * LONGEST_WAIT_SECONDS)):  # its test may have been killed
            interruption.check()
            time.sleep(0.1)
        raise TimeoutError("nobody interrupted it")

    def wait_for_restarts(folder, checkpoint):
        write = (
            write_checkpoint
            if int(os.environ.get("SLURM_RESTART_COUNT", "0")) >= NUM_RESTARTS
            else wait
        )
        write(folder, checkpoint)

    write_checkpoint = active_run.write_checkpoint
    trouble = {
        RAISES: (run, "train_members", raise_an_error),
        OUT_OF_MEMORY: (run, "train_members", want_memory),
        KILLED: (active_run, "write_checkpoint", be_killed),
        **dict.fromkeys(WAIT, (active_run, "write_checkpoint", wait)),
        RESTARTED: (active_run, "write_checkpoint", wait_for_restarts),
    }
    if node.seed not in trouble:
        return _job(node)
    with mock.patch.object(*trouble[node.seed]):
        return _job(node)


if __name__ == "__main__":
    from tests import copied_workers, troubled

    copied_workers.copy_workers()
    app.job = troubled.job
    app.main()
