"""Signs that something else used or slowed down the device of a run while it was timed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import torch

from ensemble_switchover.machine.cgroups import read_throttling
from ensemble_switchover.machine.gpu_state import gpu_states, held_back_sentences
from ensemble_switchover.machine.units import GIBIBYTE

TOLERATED_WAIT = 0.05
"""Share of their working time that a run's threads may wait for a processor without a note."""
TOLERATED_BYTES = 2 * GIBIBYTE
"""Memory of a GPU in use that this process did not reserve; CUDA itself uses less than that."""

_TASKS = Path("/proc/self/task")
_PROCESSORS = Path("/sys/devices/system/cpu")


class DisturbanceMonitor:
    """Compares the state of the machine at the beginning and at the end of a run."""

    def __init__(self, device: torch.device, *, processors: Path = _PROCESSORS) -> None:
        """Record the state at the beginning.

        Args:
            device: The device of the run.
            processors: The folder in which Linux describes the processors.
        """
        self.device = device
        self.processors = processors
        self._slowdowns = slowdown_counts(processors)
        self._throttling = read_throttling()
        self._gpus = gpu_states() if device.type == "cuda" else []

    def seen(self, concurrent_jobs: int) -> list[str]:
        """Return a sentence for each disturbance since the beginning.

        Args:
            concurrent_jobs: The number of runs of the study that share this machine and its GPU.
        """
        sentences = []
        if slowdown_counts(self.processors) != self._slowdowns:
            sentences.append("a processor was slowed down by its temperature")
        throttling = read_throttling().since(self._throttling)
        if throttling.times:
            sentences.append(
                f"the quota of processors held it back {throttling.times:,} times, for "
                f"{throttling.seconds:,.1f} s"
            )
        if self.device.type == "cuda":
            if concurrent_jobs == 1 and (others := _bytes_of_others(self.device)) > TOLERATED_BYTES:
                sentences.append(f"other processes held {others / GIBIBYTE:.1f} GiB of the GPU")
            sentences += held_back_sentences(self._gpus, gpu_states())
        return sentences


def waiting_sentences(shares: dict[str, float]) -> list[str]:
    """Return a sentence for each part of a run whose threads often waited for a processor.

    Args:
        shares: Part of the run -> waiting time as a share of its threads' working time.

    >>> waiting_sentences({"training": 0.12, "inference": 0.01})
    ['threads waited for a processor for 12% of their working time in training']
    """
    return [
        f"threads waited for a processor for {share:.0%} of their working time in {what}"
        for what, share in shares.items()
        if share > TOLERATED_WAIT
    ]


def thread_times(tasks: Path = _TASKS) -> dict[str, tuple[int, int]]:
    """Return the nanoseconds that each thread worked and waited for a processor (Linux only)."""
    times = {}
    for path in tasks.glob("*/schedstat"):
        try:
            worked, waited, _ = path.read_text().split()
        except (OSError, ValueError):  # the thread has just ended
            continue
        times[path.parent.name] = (int(worked), int(waited))
    return times


def waiting_share(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> float:
    """Return the time that threads waited for a processor, as a share of the time they worked.

    >>> waiting_share({"1": (100, 10)}, {"1": (200, 20), "2": (100, 0)})
    0.05
    >>> waiting_share({"1": (100, 90)}, {"1": (200, 20)})
    0.1
    """
    worked = waited = 0
    for thread, (worked_ns, waited_ns) in after.items():
        former = before.get(thread, (0, 0))
        if worked_ns < former[0] or waited_ns < former[1]:  # a later thread of the same number
            former = (0, 0)
        worked += worked_ns - former[0]
        waited += waited_ns - former[1]
    return waited / worked if worked else 0.0


def slowdown_counts(processors: Path = _PROCESSORS) -> dict[str, str]:
    """Return how often each processor was slowed down by its temperature, where Linux counts it."""
    counts = {}
    for path in processors.glob("cpu*/thermal_throttle/*_throttle_count"):
        with suppress(OSError):  # the processor has just been taken away
            counts[str(path)] = path.read_text()
    return counts


def _bytes_of_others(device: torch.device) -> int:
    free, total = torch.cuda.mem_get_info(device)
    return total - free - torch.cuda.memory_reserved(device)
