"""What this machine has, found without torch."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ensemble_switchover.machine.units import MEBIBYTE


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics processor of this machine."""

    name: str
    memory_bytes: int


@cache
def gpus() -> tuple[Gpu, ...]:
    """List the NVIDIA GPUs that the driver's own tool names; none where it is not installed."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
        pairs = [line.rsplit(",", 1) for line in answer.stdout.splitlines() if line.strip()]
        return _visible([Gpu(name.strip(), int(memory) * MEBIBYTE) for name, memory in pairs])
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def devices() -> tuple[str, ...]:
    """List what `device=` may be on this machine; the first is what `device=auto` will be."""
    is_apple = sys.platform == "darwin" and platform.machine() == "arm64"
    there = {"cuda": bool(gpus()), "mps": is_apple, "cpu": True}
    return tuple(name for name, is_there in there.items() if is_there)


def _visible(found: list[Gpu]) -> tuple[Gpu, ...]:
    """Keep the GPUs that CUDA_VISIBLE_DEVICES lets this process see, in its order."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return tuple(found)
    names = [part.strip() for part in chosen.split(",") if part.strip()]
    if all(name.isdigit() for name in names):
        return tuple(found[int(name)] for name in names if int(name) < len(found))
    return tuple(found[: len(names)])  # named by identity: as many, and of one kind as a rule


def num_processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def num_slots(device: str, threads: int | None) -> int:
    """Count the processes that can each have a GPU, or a thread of the CPU, for themselves.

    Args:
        device: `cpu`, `cuda` or `mps`.
        threads: Of the CPU, that a run may use; None for all.
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


def main_memory_bytes() -> int | None:
    """Return the bytes of main memory, where the system tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
