"""How many jobs of a study of small networks this machine has at a time (no torch)."""

from __future__ import annotations

from ensemble_switchover.machine.hardware import (
    assignable_gpus,
    devices,
    main_memory_bytes,
    num_processors,
)
from ensemble_switchover.machine.units import GIBIBYTE

MOST_JOBS = 8
"""On a CPU; more would wait for its memory."""
JOB_BYTES = 2 * GIBIBYTE
"""Main memory that is left for a job on a CPU."""


def jobs_here() -> tuple[int, int | None]:
    """Return how many jobs there are at a time, and the threads of each; None for torch's choice.

    On a CPU small networks use several processors badly, and each job has its own; with GPUs, each
    job has one of them.
    """
    if devices()[0] != "cpu":
        return max(1, len(assignable_gpus())), None
    processors = num_processors()
    memory = main_memory_bytes()
    fitting = processors if memory is None else max(1, memory // JOB_BYTES)
    num_jobs = min(processors, MOST_JOBS, fitting)
    return num_jobs, max(1, processors // num_jobs)
