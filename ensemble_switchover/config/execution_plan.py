"""How the members of a run are executed, decided without torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from ensemble_switchover.machine.hardware import devices, num_slots

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import ExecutionConfig

SEQUENTIAL = "sequential"


def _list_executions() -> tuple[str, ...]:
    """List the files of `training/execution`, each an execution, without importing them."""
    folder = Path(__file__).parents[1] / "training" / "execution"
    names = {file.name for file in iter_modules([str(folder)])} - {"base", SEQUENTIAL}
    return (SEQUENTIAL, *sorted(names))


WITHIN = _list_executions()
"""How the members of one process take their steps: `sequential`, one after another, comes first;
by the others, all members share every step."""

_CHANNELS_LAST = "channels last"
_LABEL = re.compile(
    rf"(?:parallel: (?P<processes>\d+) processes, )?(?P<within>{'|'.join(WITHIN)})"
    rf"(?P<last>, {_CHANNELS_LAST})?"
)


@dataclass(frozen=True, slots=True)
class ExecutionPlan:
    """How k members are executed; it never changes what they learn."""

    within: str = SEQUENTIAL
    """How the members of one process take their steps: `sequential`, one after another, or
    `fused`, all in one vectorised step."""
    channels_last: bool = False
    """Whether sequential members store images with the channels last, and update all weights in
    one kernel."""
    processes: int = 1
    """Number of processes that share the members; each has part of the cores, or its own GPU."""

    @property
    def shares_steps(self) -> bool:
        """Whether all members of a process take a step together."""
        return self.within != SEQUENTIAL

    @property
    def label(self) -> str:
        """The name of the plan in a record; different plans have different names.

        >>> ExecutionPlan().label, ExecutionPlan("fused", processes=2).label
        ('sequential', 'parallel: 2 processes, fused')
        """
        spread = f"parallel: {self.processes} processes, " if self.processes > 1 else ""
        return f"{spread}{self.within}{f', {_CHANNELS_LAST}' if self.channels_last else ''}"

    @classmethod
    def named(cls, label: str) -> ExecutionPlan:
        """Return the plan that has a label.

        Raises:
            ValueError: if no plan has it.
        """
        match = _LABEL.fullmatch(label)
        if match is None:
            raise ValueError(f"{label}: no execution plan has this label")
        return cls(match["within"], bool(match["last"]), int(match["processes"] or 1))

    def slices(self, k: int) -> list[range]:
        """Divide k members among the processes as evenly as possible, neighbours together.

        >>> ExecutionPlan(processes=2).slices(5)
        [range(0, 3), range(3, 5)]
        """
        small, more = divmod(k, self.processes)
        stops = [number * small + min(number, more) for number in range(self.processes + 1)]
        return [range(start, stop) for start, stop in pairwise(stops)]

    def members_at_once(self, k: int) -> int:
        """Count the members of a process that share a step, and the memory of its device."""
        return len(self.slices(k)[0]) if self.shares_steps else 1

    def turns(self, k: int) -> int:
        """Count the steps that a process takes, one after another, so that each member takes one.

        >>> plans = [ExecutionPlan(), ExecutionPlan(processes=2), ExecutionPlan("fused")]
        >>> tuple(plan.turns(4) for plan in plans)
        (4, 2, 1)
        """
        return 1 if self.shares_steps else len(self.slices(k)[0])


def plan_from_config(asked: ExecutionConfig, k: int, num_slots: int) -> ExecutionPlan:
    """Return the plan that `execution=` asks for; for `auto`, the plan before anything was timed.

    Args:
        asked: The configured execution.
        k: Number of members.
        num_slots: Number of cores or GPUs that processes can have for themselves.

    >>> from ensemble_switchover.config.schema import ExecutionConfig
    >>> plan_from_config(ExecutionConfig(name="parallel"), k=4, num_slots=2).label
    'parallel: 2 processes, sequential'
    """
    if asked.name == "parallel":
        processes = min(k, num_slots if asked.processes is None else asked.processes)
        is_sequential = asked.within == SEQUENTIAL
        return ExecutionPlan(asked.within, asked.channels_last and is_sequential, processes)
    if asked.name in WITHIN[1:]:
        return ExecutionPlan(asked.name)
    return ExecutionPlan(channels_last=asked.channels_last)


def requested_plan(spec: RunSpec) -> ExecutionPlan:
    """Return the plan that a run asks for here; for `auto`, the one before anything was timed."""
    slots = 1
    if spec.execution.name == "parallel":
        device = devices()[0] if spec.device == "auto" else spec.device
        slots = num_slots(device, spec.threads)
    return plan_from_config(spec.execution, spec.design.k, slots)


def candidate_plans(k: int, num_slots: int) -> list[ExecutionPlan]:
    """List the plans that `execution=auto` chooses among, the sequential one first.

    >>> [plan.label for plan in candidate_plans(k=1, num_slots=2)]
    ['sequential', 'sequential, channels last']
    """
    plans = [ExecutionPlan(), ExecutionPlan(channels_last=True)]
    if k > 1:
        plans += [ExecutionPlan(name) for name in WITHIN[1:]]
    processes = min(k, num_slots)
    if processes > 1:
        plans.append(ExecutionPlan(channels_last=True, processes=processes))
        if k > processes:
            plans += [ExecutionPlan(name, processes=processes) for name in WITHIN[1:]]
    return plans
