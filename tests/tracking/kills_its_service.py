"""The program, in which the run of seed 0 kills W&B's own process before its second epoch."""

import os
import signal
from pathlib import Path

from ensemble_switchover.app import main
from ensemble_switchover.tracking.loggers import MetricLog


def is_service(folder):
    try:
        parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and b"wandb-core" in (folder / "cmdline").read_bytes()
    except OSError:
        return False


log_epoch = MetricLog.epoch


def kill_before(self, row, *logged):
    if row.epoch == 2 and self._spec.seed == 0:
        (service,) = filter(is_service, Path("/proc").glob("[0-9]*"))
        os.kill(int(service.name), signal.SIGKILL)
    log_epoch(self, row, *logged)


if __name__ == "__main__":
    MetricLog.epoch = kill_before
    main()
