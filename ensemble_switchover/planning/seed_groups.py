"""How many seeds of a design are trained together, as many as fit into memory (no torch)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.config.make_recipe import is_elementwise
from ensemble_switchover.config.schema import ExecutionConfig
from ensemble_switchover.planning.cost import (
    USABLE_MEMORY_SHARE,
    item_bytes,
    kept_beside_momentum,
    memory_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.config.run_spec import RunSpec

_T = TypeVar("_T")

TOGETHER = ExecutionPlan("fused")
"""How the members of several seeds take their steps."""
SCALED_LOSS = "16"
"""The precision in which each network has a scaled loss of its own."""
MOST_SEEDS = 64
"""Seeds that are trained together at most."""


def with_seeds(spec: RunSpec, num_seeds: int) -> RunSpec:
    """Return a run with the members of as many of its kind, for what depends on their number."""
    design = replace(spec.design, k=num_seeds * spec.design.k)
    return replace(spec, design=design)


def as_group(spec: RunSpec, num_seeds: int) -> RunSpec:
    """Return a run that asks for the members of so many seeds to be trained as one."""
    return replace(with_seeds(spec, num_seeds), execution=ExecutionConfig(name=TOGETHER.within))


def sizes_together(
    spec: RunSpec, num_seeds: int, device: str, available_bytes: int | None, num_jobs: int
) -> list[int]:
    """Return how many of the seeds of a job are trained together, group by group.

    Args:
        spec: One of the runs.
        num_seeds: Seeds of the job.
        device: `cpu`, `cuda` or `mps`.
        available_bytes: The size of the device's memory; None if it is unknown.
        num_jobs: Jobs that share a CPU's memory.
    """
    if spec.precision == SCALED_LOSS or not is_elementwise(spec.recipe.optimizer):
        return [1] * num_seeds
    if available_bytes is not None and device == "cpu":
        available_bytes //= max(1, num_jobs)
    fitting = num_fitting_seeds(spec, device, available_bytes)
    return [len(group) for group in equal_groups(range(num_seeds), fitting)]


def num_fitting_seeds(spec: RunSpec, device: str, available_bytes: int | None) -> int:
    """Return how many seeds of a run fit the device's memory together, at least 1.

    Args:
        spec: One of the runs.
        device: `cpu`, `cuda` or `mps`.
        available_bytes: The device's memory for them; None if it is unknown, and one seed fits.
    """
    if available_bytes is None:
        return 1
    usable = USABLE_MEMORY_SHARE * available_bytes

    def fits(num_seeds: int) -> bool:
        grown = with_seeds(spec, num_seeds)
        needed = memory_bytes(grown, TOGETHER, device, available_bytes)
        return needed + kept_bytes(grown) <= usable

    number = 1
    while number < MOST_SEEDS and fits(number + 1):
        number += 1
    return number


def kept_bytes(spec: RunSpec) -> int:
    """Return the bytes that a group of seeds keeps of its last epoch: all but the gradients."""
    numbers = 2 + kept_beside_momentum(spec)
    return numbers * spec.design.k * spec.design.member_parameters * item_bytes(spec)


def together_of(asked: str, specs: Iterable[RunSpec]) -> str:
    """Return `sweep.together` as it is in a study: `none` where no design has several seeds.

    Args:
        asked: The configured value.
        specs: All runs of the study.
    """
    num_seeds = Counter(spec.replicate_fingerprint for spec in specs)
    return asked if any(number > 1 for number in num_seeds.values()) else "none"


def equal_groups(entries: Sequence[_T], size: int) -> list[Sequence[_T]]:
    """Divide into as few groups of at most a size as possible, as equal as possible.

    >>> equal_groups([1, 2, 3, 4, 5], 3), equal_groups([1, 2, 3, 4, 5], 2), equal_groups([], 2)
    ([[1, 2, 3], [4, 5]], [[1, 2], [3, 4], [5]], [])
    """
    num_groups = -(-len(entries) // size)
    if not num_groups:
        return []
    small, more = divmod(len(entries), num_groups)
    stops = [number * small + min(number, more) for number in range(num_groups + 1)]
    return [entries[start:stop] for start, stop in pairwise(stops)]
