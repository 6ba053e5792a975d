"""What this machine has, found without torch."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_MEBIBYTE = 2**20


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
        return tuple(Gpu(name.strip(), int(memory) * _MEBIBYTE) for name, memory in pairs)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def default_device() -> str:
    """Tell what `device=auto` will be on this machine: CUDA, then MPS, then the CPU."""
    if gpus():
        return "cuda"
    return "mps" if sys.platform == "darwin" and platform.machine() == "arm64" else "cpu"


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
