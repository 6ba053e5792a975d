"""The time of a training step under each execution plan, timed once on a device and stored."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans, requested_plan
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.machine.caches import cache_folder
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.planning.basis import conditions_of, this_device
from ensemble_switchover.planning.cost import design_text
from ensemble_switchover.planning.workload import Pass

# read by pydantic:
from ensemble_switchover.results.stored_values import Amount, Positive  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec

TIMINGS_VERSION = 1
_IN_A_STEP = ("optimizer", "loss", "mixup", "cutmix", "gradient_clip", "ema_decay")
"""Fields of a recipe on which the time of a step depends, besides those of Table A."""
WORTH = 0.95
"""Share of the sequential plan's time that another plan may take at most to be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimings:
    """The times of one design on one device, by the labels of execution plans."""

    version: int = TIMINGS_VERSION
    subject: str
    """Everything that the times depend on, as `timings_subject` writes it."""
    torch: str
    """Version of torch."""
    date: str
    step_seconds: dict[str, Positive | None] = field(default_factory=dict)
    """Seconds for all members to take one training step; None where the plan is impossible."""
    start_seconds: dict[str, Amount] = field(default_factory=dict)
    """Seconds until the processes of a plan are ready, where it has any."""

    def run_seconds(self, plan: ExecutionPlan, num_steps: int) -> float:
        """Predict the seconds that a run trains, including the start of its processes.

        Infinity for a plan that is impossible or was not timed.
        """
        step = self.step_seconds.get(plan.label)
        if step is None:
            return math.inf
        return num_steps * step + self.start_seconds.get(plan.label, 0.0)

    def fastest(self, plans: Sequence[ExecutionPlan], num_steps: int) -> ExecutionPlan:
        """Return the fastest plan for a number of steps; sequential unless `WORTH` the change."""
        best = min(plans, key=lambda plan: self.run_seconds(plan, num_steps))
        sequential_seconds = self.run_seconds(ExecutionPlan(), num_steps)
        is_worth_it = self.run_seconds(best, num_steps) <= WORTH * sequential_seconds
        return best if is_worth_it else ExecutionPlan()


def timings_subject(spec: RunSpec, device: str, device_name: str) -> str:
    """Return as JSON everything that the times of a run's execution plans depend on."""
    conditions = asdict(conditions_of(spec, ExecutionPlan(), device, device_name))
    del conditions["execution"]
    return json.dumps(
        {
            "design": design_text(spec, ExecutionPlan(), Pass.TRAINING),
            "k": spec.design.k,
            **conditions,
            **_of_recipe(spec),
        }
    )


def _of_recipe(spec: RunSpec) -> dict[str, Any]:
    """Return what a step has to do besides one of Table A; nothing where that is all."""
    added = {name: spec.recipe.additions.get(name) for name in _IN_A_STEP}
    parts = {
        name: value.get(TARGET) if isinstance(value, dict) else True
        for name, value in added.items()
        if value is not None
    }
    return {"recipe": parts} if parts else {}


def expected_plan(spec: RunSpec) -> ExecutionPlan:
    """Return the plan that a run would have on this machine: for `auto`, by stored timings."""
    if spec.execution.name != "auto":
        return requested_plan(spec)
    timings = read_timings(timings_subject(spec, *this_device(spec)), spec.dataset.cache)
    if timings is None:
        return ExecutionPlan()
    known = {plan.label: plan for plan in _all_plans(spec.design.k)}
    plans = [known[label] for label in timings.step_seconds if label in known]
    return timings.fastest([ExecutionPlan(), *plans], spec.num_steps)


def _all_plans(k: int) -> list[ExecutionPlan]:
    """List the plans that this program has for k members, whatever the number of processes."""
    return [plan for slots in range(1, k + 1) for plan in candidate_plans(k, slots)]


def timings_path(subject: str, cache: str | None) -> Path:
    """Return the file of stored timings.

    Args:
        subject: Everything that the times depend on, as `timings_subject` writes it.
        cache: `dataset.cache`; None for the user's cache.
    """
    folder = cache_folder(cache, "executions")
    return folder / f"{hashlib.sha256(subject.encode()).hexdigest()[:16]}.json"


def read_timings(subject: str, cache: str | None) -> StepTimings | None:
    """Read stored timings; None if there are none of this torch, or they cannot be read."""
    try:
        found: StepTimings = _adapter().validate_json(timings_path(subject, cache).read_bytes())
    except (OSError, ValidationError):
        return None
    wanted = (TIMINGS_VERSION, subject, version("torch"))
    return found if (found.version, found.subject, found.torch) == wanted else None


def write_timings(timings: StepTimings, cache: str | None) -> None:
    """Store timings in a file that is written whole or not at all."""
    write_file(timings_path(timings.subject, cache), _adapter().dump_json(timings, indent=1))


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(StepTimings)
