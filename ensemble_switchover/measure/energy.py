"""Joules of the processors (RAPL) and of a GPU (NVML), where they can be read."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RAPL_ROOT = Path("/sys/class/powercap")


@dataclass
class RaplCounter:
    """The energy counter of one processor package: microjoules, which wrap around."""

    file: Path
    range_uj: int
    """Largest value, after which it begins at 0 again."""

    def read(self) -> int:
        """Return the counter in microjoules."""
        return int(self.file.read_text())

    def joules(self, before: int, after: int) -> float:
        """Return the energy between two readings, which it wrapped around at most once between."""
        return ((after - before) % (self.range_uj + 1)) / 1e6


def find_rapl(root: Path = RAPL_ROOT) -> tuple[list[RaplCounter], str | None]:
    """Find the energy counters of all processor packages (RAPL; AMD's have the same name).

    Returns:
        The counters that can be read, and why there is none, if there is none.
    """
    counters, denied = [], False
    for zone in sorted(root.glob("intel-rapl:*")):
        try:
            if not (zone / "name").read_text().startswith("package"):
                continue  # cores and memory within a package, and psys around all
            largest = int((zone / "max_energy_range_uj").read_text())
            counter = RaplCounter(zone / "energy_uj", largest)
            counter.read()
        except PermissionError:
            denied = True
        except (OSError, ValueError):
            continue
        else:
            counters.append(counter)
    if counters:
        return counters, None
    if denied:
        return [], (
            f"no joules of the processor: {root}/intel-rapl:*/energy_uj may be read by root alone; "
            f"start this as root, or make the files readable"
        )
    return [], f"no joules of the processor: no intel-rapl:* with a package in {root}"


def find_gpu() -> tuple[str, Callable[[], float] | None, str | None]:
    """Ask NVML for the first GPU that CUDA shows.

    Returns:
        Its name, what reads the joules that it has drawn, and why there is none, if there is none.
    """
    if find_spec("pynvml") is None:
        return "NVIDIA GPU", None, "no joules of the GPU: nvidia-ml-py is not installed"
    nvml: Any = import_module("pynvml")
    name = "NVIDIA GPU"
    try:
        nvml.nvmlInit()
        first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip() or "0"
        if first.isdecimal():
            gpu = nvml.nvmlDeviceGetHandleByIndex(int(first))
        else:
            gpu = nvml.nvmlDeviceGetHandleByUUID(first)
        name = nvml.nvmlDeviceGetName(gpu)
        nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)
    except nvml.NVMLError as error:
        return name, None, f"no joules of the GPU: {error}"
    return name, lambda: float(nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)) / 1e3, None


def measure_joules(
    calls: Sequence[Callable[[], object]],
    seconds: float,
    counters: Sequence[RaplCounter],
    gpu: Callable[[], float] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[int, float | None, float | None]:
    """Run whole passes for some seconds, and read the counters before and after.

    All that the processor or GPU draws counts, what it draws when idle too.

    Returns:
        The number of passes, joules of all processor packages, joules of the GPU.
    """
    before, gpu_before = [c.read() for c in counters], gpu() if gpu else 0.0
    begin, passes = clock(), 0
    while passes == 0 or clock() - begin < seconds:
        for call in calls:
            call()
        passes += 1
    after, gpu_after = [c.read() for c in counters], gpu() if gpu else 0.0
    used = [c.joules(a, b) for c, a, b in zip(counters, before, after)]
    return passes, sum(used) if counters else None, gpu_after - gpu_before if gpu else None
