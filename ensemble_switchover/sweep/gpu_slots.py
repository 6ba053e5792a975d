"""A GPU for every process of a sweep on one machine, claimed before torch sees the GPUs."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from omegaconf import OmegaConf

from ensemble_switchover.machine.hardware import assignable_gpus, forget_gpus
from ensemble_switchover.machine.nvml import VISIBLE

if TYPE_CHECKING:
    from omegaconf import DictConfig

RELEASE_SECONDS = 60.0
"""Seconds that a process that is ending may keep its slot."""

_held: list[FileLock] = []
"""The slot of this process; the system releases it when the process ends, however it does."""


def claim_gpu(launcher: DictConfig, num_jobs: int) -> None:
    """Let this process of the joblib launcher see only one GPU, the same for all of its runs.

    The slots of a sweep are numbered; slot n is on GPU n modulo the number of GPUs, so that these
    are filled evenly; MIG instances count as GPUs. Other launchers assign GPUs themselves.

    Args:
        launcher: The configuration of Hydra's launcher.
        num_jobs: Processes of the sweep on this machine.
    """
    if _held or OmegaConf.select(launcher, "n_jobs") is None or len(assignable_gpus()) < 2:
        return
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    prefix = _prefix(os.getppid())
    for seconds in (0.0, RELEASE_SECONDS):
        for slot in range(num_jobs):
            lock = FileLock(folder / f"{prefix}-{slot}.lock", timeout=seconds)
            try:
                lock.acquire()
            except Timeout:
                continue
            _held.append(lock)
            _see_only(assignable_gpus()[slot % len(assignable_gpus())])
            return


def forget_slots() -> None:
    """Remove the lock files of the processes of the sweep that this process started."""
    for path in _folder().glob(f"{_prefix(os.getpid())}-*.lock"):
        path.unlink(missing_ok=True)


def _folder() -> Path:
    """Return a folder of this user and this machine, whose processes alone share its GPUs."""
    return Path(tempfile.gettempdir()) / f"ensemble_switchover_gpus_{os.getuid()}"


def _prefix(sweep: int) -> str:
    return f"{socket.gethostname()}-{sweep}"


def _see_only(name: str) -> None:
    os.environ[VISIBLE] = name
    forget_gpus()
