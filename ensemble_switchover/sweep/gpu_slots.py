"""A GPU for every process of a sweep on one machine, before torch looks at them."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from omegaconf import OmegaConf

from ensemble_switchover.machine.files import user_cache
from ensemble_switchover.machine.hardware import gpus

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig

VISIBLE = "CUDA_VISIBLE_DEVICES"
RELEASE_SECONDS = 60.0
"""How long a process that has ended may keep its place."""

_held: list[FileLock] = []
"""The place of this process; the system gives it up when the process ends, however it does."""


def claim_gpu(launcher: DictConfig, num_jobs: int) -> None:
    """Let this process of the joblib launcher see one GPU alone, the same for all of its runs.

    The places of a sweep are numbered; place n is on GPU n modulo their number, so that they are
    filled evenly. Other launchers hand out GPUs themselves.

    Args:
        launcher: Hydra's.
        num_jobs: Processes of the sweep on this machine.
    """
    if _held or OmegaConf.select(launcher, "n_jobs") is None or len(gpus()) < 2:
        return
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    prefix = _prefix(os.getppid())
    for seconds in (0.0, RELEASE_SECONDS):
        for place in range(num_jobs):
            lock = FileLock(folder / f"{prefix}-{place}.lock", timeout=seconds)
            try:
                lock.acquire()
            except Timeout:
                continue
            _held.append(lock)
            _see_only(place % len(gpus()))
            return


def forget_places() -> None:
    """Remove what the processes of a sweep left that this one started."""
    for path in _folder().glob(f"{_prefix(os.getpid())}-*.lock"):
        path.unlink(missing_ok=True)


def _folder() -> Path:
    return user_cache("places")


def _prefix(sweep: int) -> str:
    return f"{socket.gethostname()}-{sweep}"


def _see_only(number: int) -> None:
    names = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    os.environ[VISIBLE] = names[number] if names else str(number)
    gpus.cache_clear()
