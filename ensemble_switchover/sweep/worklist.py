"""The worklist of a sweep: which runs are launched, which are not, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ensemble_switchover.results.state import RunState, failure_of, run_state
from ensemble_switchover.sweep.shared_training import finished_trainings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.study import Study


@dataclass(frozen=True, slots=True)
class Training:
    """Runs that train the same networks: one is launched, and the others share its record."""

    lead: RunSpec
    """The run that is launched."""
    others: list[RunSpec] = field(default_factory=list)

    @property
    def specs(self) -> list[RunSpec]:
        """All runs of the training."""
        return [self.lead, *self.others]


@dataclass(slots=True)
class Worklist:
    """The runs of a study, by what is to be done with them."""

    finished: list[RunSpec] = field(default_factory=list)
    shares: list[tuple[RunSpec, Path]] = field(default_factory=list)
    """Runs whose networks were trained before, each with the folder of a record of them."""
    failed: dict[str, tuple[RunSpec, str]] = field(default_factory=dict)
    """Runs that failed before and are not tried again, by name, each with the reason."""
    left_out: list[RunSpec] = field(default_factory=list)
    """Runs that never began, with `retry=failed`."""
    trainings: list[Training] = field(default_factory=list)
    """Trainings that are launched."""
    states: dict[str, RunState] = field(default_factory=dict)
    """The state in which each run was found, by name."""


def build_worklist(study: Study, retry: str) -> Worklist:
    """Decide from the state of every run of a study what is to be done.

    Args:
        study: The runs.
        retry: `none`, or `failed`: run only what failed or was stopped.
    """
    worklist = Worklist(states={spec.name: run_state(spec.folder) for spec in study.specs})
    finished = RunState.FINISHED
    known: Mapping[str, Path] = {}
    if any(state is not finished for state in worklist.states.values()):
        known = finished_trainings(study.specs[0].results)
    for specs in study.trainings():
        _decide(worklist, specs, known.get(specs[0].training_fingerprint), retry)
    return worklist


def _decide(worklist: Worklist, specs: list[RunSpec], source: Path | None, retry: str) -> None:
    states = worklist.states
    rest = []
    for spec in specs:
        if states[spec.name] is RunState.FINISHED:
            worklist.finished.append(spec)
            source = spec.folder
        elif states[spec.name] is RunState.UNREADABLE:
            worklist.failed[spec.name] = (spec, failure_of(spec.folder))
        else:
            rest.append(spec)
    failed = [spec for spec in rest if states[spec.name] is RunState.FAILED]
    begun = [spec for spec in rest if states[spec.name] is not RunState.ABSENT]
    if source is not None:
        worklist.shares += [(spec, source) for spec in rest]
    elif failed and retry != "failed":
        worklist.failed |= failures_of_shared(failed[0], failure_of(failed[0].folder), rest)
    elif rest and retry == "failed" and not begun:
        worklist.left_out += rest
    elif rest:
        lead = (failed or begun or rest)[0]
        worklist.trainings.append(Training(lead, [spec for spec in rest if spec is not lead]))


def failures_of_shared(
    failed: RunSpec, reason: str, specs: list[RunSpec]
) -> dict[str, tuple[RunSpec, str]]:
    """Return the reason why each run of a failed training has no record, by name."""
    shared = f"shares the training of {failed.name}, which failed"
    return {spec.name: (spec, reason if spec.name == failed.name else shared) for spec in specs}
