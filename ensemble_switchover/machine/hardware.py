"""The hardware of this machine, found without torch."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ensemble_switchover.machine.cgroups import read_limits
from ensemble_switchover.machine.units import MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

PROCESS_BYTES = 544 * MEBIBYTE
"""Bytes of memory that a process of this program is assumed to take beside its tensors: a run of
5 MiB of tensors took 521 MiB of main memory at its peak, with torch 2.15."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """An NVIDIA GPU, or a MIG instance of one."""

    name: str
    memory_bytes: int


@cache
def gpus() -> tuple[Gpu, ...]:
    """List the NVIDIA GPUs that this process may use; none without a driver."""
    return tuple(
        ask_nvml(
            lambda nvml, gpu: Gpu(
                nvml.nvmlDeviceGetName(gpu), nvml.nvmlDeviceGetMemoryInfo(gpu).total
            )
        )
    )


def any_gpu_is_too_hot() -> bool:
    """Tell whether a GPU that this process may use runs slower now because of its temperature."""
    return any(
        ask_nvml(
            lambda nvml, gpu: (
                nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu)
                & (
                    nvml.nvmlClocksThrottleReasonHwThermalSlowdown
                    | nvml.nvmlClocksThrottleReasonSwThermalSlowdown
                )
            )
        )
    )


def ask_nvml(question: Callable[[Any, Any], Answer]) -> list[Answer]:
    """Ask NVIDIA's management library about every GPU that this process may use.

    Args:
        question: Is called with the `pynvml` module and the handle of a GPU.

    Returns:
        The answers of the GPUs that have one; none without a driver.
    """
    answers: list[Answer] = []
    if not _nvml_is_installed():
        return answers
    import pynvml

    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        try:
            for gpu in _visible_gpus(pynvml):
                with suppress(pynvml.NVMLError):
                    answers.append(question(pynvml, gpu))
        finally:
            pynvml.nvmlShutdown()
    return answers


def _nvml_is_installed() -> bool:
    """Find the library where that is quicker than importing `pynvml`: on Linux."""
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


def _visible_gpus(nvml: Any) -> list[Any]:
    """Return the handles of the GPUs that CUDA_VISIBLE_DEVICES allows, in its order.

    It names them by index, by UUID or the beginning of one, or by the UUID of a MIG instance.
    """
    every = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return every
    found: list[Any] = []
    for name in filter(None, map(str.strip, visible.split(","))):
        if name.isdigit():
            found += every[int(name) : int(name) + 1]
        elif name.startswith("MIG-"):
            found.append(nvml.nvmlDeviceGetHandleByUUID(name))
        else:
            found += [gpu for gpu in every if nvml.nvmlDeviceGetUUID(gpu).startswith(name)][:1]
    return found


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
