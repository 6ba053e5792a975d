"""The hardware of this machine, found without torch."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ensemble_switchover.machine.cgroups import read_limits
from ensemble_switchover.machine.nvml import ask_each_gpu, names_of_gpus, value_of
from ensemble_switchover.machine.units import MEBIBYTE

PROCESS_BYTES = 544 * MEBIBYTE
"""Bytes of memory that a process of this program is assumed to take beside its tensors: a run of
5 MiB of tensors took 521 MiB of main memory at its peak, with torch 2.15."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """An NVIDIA GPU, or a MIG instance of one."""

    name: str
    memory_bytes: int | None
    """Size of its own memory; None where the driver does not tell it."""


@cache
def gpus() -> tuple[Gpu, ...]:
    """List the NVIDIA GPUs that CUDA shows to this process; none without a driver."""
    return tuple(ask_each_gpu(_describe_gpu))


@cache
def assignable_gpus() -> tuple[str, ...]:
    """Name the GPUs and MIG instances of which each process of a sweep can be given one."""
    return tuple(names_of_gpus())


def forget_gpus() -> None:
    """Ask for the GPUs again, after CUDA_VISIBLE_DEVICES has changed."""
    gpus.cache_clear()
    assignable_gpus.cache_clear()


def _describe_gpu(nvml: Any, gpu: Any) -> Gpu:
    memory = value_of(nvml, "nvmlDeviceGetMemoryInfo", gpu)
    name = value_of(nvml, "nvmlDeviceGetName", gpu) or "NVIDIA GPU"
    return Gpu(name, None if memory is None else memory.total)


def devices() -> tuple[str, ...]:
    """List what `device=` may be on this machine; the first is what `device=auto` will be."""
    is_apple = sys.platform == "darwin" and platform.machine() == "arm64"
    there = {"cuda": bool(gpus()), "mps": is_apple, "cpu": True}
    return tuple(name for name, is_there in there.items() if is_there)


def num_processors() -> int:
    """Count the logical processors that this process may use: at least one.

    Of a quota, such as a container's, whole processors count: 2.5 are 2, and half of one is 1.
    """
    allowed = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    quota = read_limits().processors
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def threads_of_environment() -> int | None:
    """Return the threads that the environment lets torch have; None where it says nothing.

    Torch heeds MKL_NUM_THREADS before OMP_NUM_THREADS, of which the first number counts.
    """
    for name in ("MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        first = os.environ.get(name, "").partition(",")[0].strip()
        if first.isdecimal() and int(first[:9]) > 0:
            return min(int(first[:9]), num_processors())
    return None


def num_slots(device: str, threads: int | None) -> int:
    """Count the processes that can each have their own GPU, or their own thread of the CPU.

    Args:
        device: `cpu`, `cuda` or `mps`.
        threads: The threads of the CPU that a run may use; None for all.
    """
    if device == "cpu":
        return num_processors() if threads is None else threads
    return max(1, len(gpus()))


def processor_name() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def system_name() -> str:
    """Return the system, its release, the architecture and, on Linux, the C library.

    As `platform.platform()` where `uname -p`, which that starts, knows no more than the machine.
    """
    if platform.system() != "Linux":
        return platform.platform()
    parts = (platform.system(), platform.release(), platform.machine())
    return "-".join((*parts, "with", *filter(None, ["".join(platform.libc_ver())])))


def main_memory_bytes() -> int | None:
    """Return how many bytes of main memory this process may use: all, or its control group's limit.

    Returns:
        None where the system does not report it.
    """
    limit = read_limits().memory_bytes
    try:
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return limit
    return installed if limit is None else min(installed, limit)
