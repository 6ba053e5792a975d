"""How many runs of a sweep share a device of this machine (no torch)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaconf import OmegaConf, open_dict

from ensemble_switchover.config.command_line import has_override
from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.hardware import (
    PROCESS_BYTES,
    assignable_gpus,
    devices,
    gpus,
    main_memory_bytes,
    num_processors,
)
from ensemble_switchover.planning.cost import USABLE_MEMORY_SHARE, memory_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaconf import DictConfig

    from ensemble_switchover.config.run_spec import RunSpec

ALL_PROCESSORS = -1
MAX_JOBS = 1000
"""More processes than one machine runs."""
ON_THIS_MACHINE = "n_jobs"
"""The key of joblib's launcher, which runs jobs on this machine: how many at a time."""
IN_AN_ARRAY = "hydra.launcher.array_parallelism"
"""The key of Slurm's launcher that limits how many jobs run at a time."""


@dataclass(frozen=True, slots=True)
class LaunchBatch:
    """Runs that are launched together."""

    specs: Sequence[RunSpec]
    num_jobs: int | None
    """Jobs at a time on this machine; None: the launcher is not limited to this machine."""

    def adjusted(self, config: DictConfig) -> DictConfig:
        """Return the sweep's configuration with this number of jobs, which every job reads too."""
        if self.num_jobs is None:
            return config
        config = copy.deepcopy(config)
        with open_dict(config):
            config.hydra.launcher.n_jobs = self.num_jobs
            config.hydra.overrides.hydra.append(f"hydra.launcher.n_jobs={self.num_jobs}")
        return config


def group_by_jobs_per_device(specs: Sequence[RunSpec], config: DictConfig) -> list[LaunchBatch]:
    """Decide `sweep.jobs_per_device=`: which runs are launched together, and how many at a time.

    Without it there is one run a GPU, or as many as the launcher states. With `auto`, runs are
    grouped by whether 2, 4, 8, ... of them fit into the device's memory, as `plan` counts it; the
    largest runs come first.

    Raises:
        ConfigError: if the value is not a number of runs, or the launcher does not take it.
    """
    if not specs:
        return []
    asked = config.sweep.jobs_per_device
    n_jobs = OmegaConf.select(config.hydra.launcher, ON_THIS_MACHINE)
    _check(asked, n_jobs, OmegaConf.select(config, IN_AN_ARRAY))
    if n_jobs is None:
        return [LaunchBatch(specs, None)]
    kinds = {devices()[0] if spec.device == "auto" else spec.device for spec in specs}
    num_devices = len(assignable_gpus()) if kinds == {"cuda"} else 1
    if asked is None:
        one_each = kinds == {"cuda"} and n_jobs == ALL_PROCESSORS
        return [LaunchBatch(specs, max(1, num_devices) if one_each else as_joblib_counts(n_jobs))]
    if asked != "auto":
        return [LaunchBatch(specs, int(asked) * max(1, num_devices))]
    by_number: dict[int, list[RunSpec]] = {}
    for spec in specs:
        by_number.setdefault(_fitting(spec, num_devices), []).append(spec)
    return [
        LaunchBatch(group, number * max(1, num_devices))
        for number, group in sorted(by_number.items())
    ]


def as_joblib_counts(n_jobs: int) -> int:
    """Return how many jobs joblib means; -1: as many as there are processors; -2: but one."""
    return n_jobs if n_jobs > 0 else max(1, num_processors() + 1 + n_jobs)


def jobs_at_a_time(batches: Sequence[LaunchBatch], elsewhere: int = 1) -> float:
    """Return how many jobs there are on average.

    Args:
        batches: Runs that are launched together.
        elsewhere: Jobs at a time where the launcher is not limited to this machine.

    >>> jobs_at_a_time([LaunchBatch(["alone"], 1), LaunchBatch(["one", "two"], 2)])
    1.5
    """
    turns = sum(len(batch.specs) / (batch.num_jobs or elsewhere) for batch in batches)
    return sum(len(batch.specs) for batch in batches) / turns if turns else 1.0


def jobs_of_array(config: DictConfig) -> int:
    """Return how many jobs the overrides let Slurm run at a time; 1 without such an override."""
    if has_override(config.hydra.overrides.hydra, IN_AN_ARRAY):
        return int(OmegaConf.select(config, IN_AN_ARRAY))
    return 1


def _check(asked: str | None, n_jobs: int | None, in_an_array: int | None) -> None:
    if n_jobs is not None and (n_jobs == 0 or abs(n_jobs) > MAX_JOBS):
        raise ConfigError(
            f"hydra.launcher.n_jobs={n_jobs}: expected how many runs there are at a time, at most "
            f"{MAX_JOBS}, or -1 for one a processor"
        )
    if in_an_array is not None and in_an_array < 1:
        raise ConfigError(f"{IN_AN_ARRAY}={in_an_array}: expected how many jobs run at a time")
    if asked is None:
        return
    if n_jobs is None:
        raise ConfigError(
            f"sweep.jobs_per_device={asked}: is for hydra/launcher=joblib, which was not chosen"
        )
    if asked != "auto" and not (asked.isdecimal() and 0 < int(asked) <= MAX_JOBS):
        raise ConfigError(
            f"sweep.jobs_per_device={asked}: expected a number of runs, 1 to {MAX_JOBS}, or auto"
        )


def _fitting(spec: RunSpec, num_devices: int) -> int:
    """Return how many runs like this one share a device: a power of two."""
    kind = devices()[0] if spec.device == "auto" else spec.device
    on_gpu = kind == "cuda" and gpus()
    available = gpus()[0].memory_bytes if on_gpu else main_memory_bytes()
    if available is None:
        return 1
    needed = memory_bytes(spec, requested_plan(spec), kind, available) + PROCESS_BYTES
    threads = spec.threads or (1 if on_gpu else num_processors())
    processors = num_processors() // (threads * max(1, num_devices))
    fitting = max(1, min(int(USABLE_MEMORY_SHARE * available) // needed, processors))
    return 1 << (fitting.bit_length() - 1)
