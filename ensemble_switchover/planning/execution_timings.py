"""How long a training step takes in each way of execution on one device: timed once, and kept."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ensemble_switchover.config.execution_plan import ExecutionPlan, requested_plan
from ensemble_switchover.machine.files import user_cache, whole_file
from ensemble_switchover.planning.basis import conditions_of, this_device
from ensemble_switchover.planning.cost import design_text
from ensemble_switchover.planning.workload import Pass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec

TIMINGS_VERSION = 1
WORTH = 0.95
"""Another way has to take at most this share of the time of one after another to be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimings:
    """What was timed for one design on one device."""

    version: int = TIMINGS_VERSION
    subject: str
    """Design, batch, number of members, device and conditions."""
    torch: str
    date: str
    step_seconds: dict[str, float | None] = field(default_factory=dict)
    """By the way's name: for all members to take a training step; None where it is impossible."""
    start_seconds: dict[str, float] = field(default_factory=dict)
    """By the way's name: for its processes to be ready, where it has any."""

    def run_seconds(self, plan: ExecutionPlan, num_steps: int) -> float:
        """Predict the training of a run, the start of its processes included.

        Infinity for a way that is impossible, or was not timed.
        """
        step = self.step_seconds.get(plan.label)
        if step is None:
            return math.inf
        return num_steps * step + self.start_seconds.get(plan.label, 0.0)

    def fastest(self, plans: Sequence[ExecutionPlan], num_steps: int) -> ExecutionPlan:
        """Return the fastest way for a run of so many steps; one after another if hardly slower."""
        best = min(plans, key=lambda plan: self.run_seconds(plan, num_steps))
        one_by_one = self.run_seconds(ExecutionPlan(), num_steps)
        return best if self.run_seconds(best, num_steps) <= WORTH * one_by_one else ExecutionPlan()


def probe_subject(spec: RunSpec, device: str, device_name: str) -> str:
    """Name everything that the times of a run's ways depend on."""
    conditions = asdict(conditions_of(spec, ExecutionPlan(), device, device_name))
    del conditions["execution"]
    return json.dumps(
        {
            "design": design_text(spec, ExecutionPlan(), Pass.TRAINING),
            "k": spec.design.k,
            "augmentation": spec.dataset.augmentation,
            **conditions,
        }
    )


def expected_plan(spec: RunSpec) -> ExecutionPlan:
    """Return the plan that a run would have here: for `auto`, by the timings that were kept."""
    if spec.execution.name != "auto":
        return requested_plan(spec)
    probe = read_probe(probe_subject(spec, *this_device(spec)))
    if probe is None or probe.torch != version("torch"):
        return ExecutionPlan()
    return probe.fastest(
        [ExecutionPlan.named(label) for label in probe.step_seconds], spec.num_steps
    )


def probe_path(subject: str) -> Path:
    """Return where a probe is kept: the project's folder in the user's cache."""
    folder = user_cache("executions")
    return folder / f"{hashlib.sha256(subject.encode()).hexdigest()[:16]}.json"


def read_probe(subject: str) -> StepTimings | None:
    """Read what was timed before; None if nothing was, or it cannot be read."""
    try:
        probe: StepTimings = _adapter().validate_json(probe_path(subject).read_bytes())
    except (OSError, ValidationError):
        return None
    return probe if (probe.version, probe.subject) == (TIMINGS_VERSION, subject) else None


def write_probe(probe: StepTimings) -> None:
    """Keep a probe, whole or not at all."""
    with whole_file(probe_path(probe.subject)) as temporary:
        temporary.write_bytes(_adapter().dump_json(probe, indent=1))


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(StepTimings)
