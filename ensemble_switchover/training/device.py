"""The device on which a run computes."""

from __future__ import annotations

from functools import cache

import torch

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.hardware import num_processors


def choose_device(name: str) -> torch.device:
    """Return the requested device; `auto` takes CUDA, then MPS, then the CPU.

    Raises:
        ConfigError: if this machine does not have it.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, present in available.items() if present)
    if not available[name]:
        present = ", ".join(device for device, there in available.items() if there)
        raise ConfigError(f"device={name}: this machine has {present}")
    return torch.device("cuda", 0) if name == "cuda" else torch.device(name)


def use_threads(threads: int | None) -> None:
    """Let torch compute with a number of threads of the CPU; None: as many as it began with.

    An earlier run of this process may have had another number. Torch begins with as many as there
    are processors, or as a variable such as OMP_NUM_THREADS says, and knows nothing of a quota.
    """
    began_with = _threads_of_process()
    torch.set_num_threads(began_with if threads is None else threads)


@cache
def _threads_of_process() -> int:
    return min(torch.get_num_threads(), num_processors())


def num_device_slots(device: torch.device) -> int:
    """Count the processes that can each have a GPU, or a thread of the CPU, for themselves."""
    if device.type == "cuda":
        return torch.cuda.device_count()
    return torch.get_num_threads() if device.type == "cpu" else 1


def slot_device(device: torch.device, number: int) -> torch.device:
    """Return the device of a process; each has its own GPU as long as there are enough."""
    if device.type != "cuda":
        return device
    return torch.device("cuda", number % torch.cuda.device_count())
