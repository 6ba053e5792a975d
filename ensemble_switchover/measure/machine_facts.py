"""Facts of this machine that decide times.

They are found by the standard library of Python 3.9, on boards as well, unlike those of records.
"""

from __future__ import annotations

import os
import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def describe_machine(device: str, gpu_name: str) -> dict[str, Any]:
    """Return facts of this machine that decide times; not its own name, and no path."""
    processor = _processor()
    return {
        "device": device,
        "device_name": processor if device == "cpu" else gpu_name,
        "processor": processor,
        "num_processors": allowed_processors(),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    """Return the processor's name; of a board without one, the board's."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
        return Path("/proc/device-tree/model").read_text().strip("\0 \n")
    except OSError:
        return platform.processor() or platform.machine()


def allowed_processors() -> int:
    """Count the logical processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def installed_versions(runtimes: Sequence[str]) -> dict[str, str]:
    """Return the versions of Python, NumPy and the runtimes that were used."""
    found = {"python": platform.python_version()}
    for name in ("numpy", *sorted(set(runtimes))):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = str(getattr(import_module(name), "__version__", "unknown"))
    return found
