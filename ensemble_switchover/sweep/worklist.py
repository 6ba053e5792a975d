"""What a sweep has to do: which runs are launched, and which are spared, and why."""

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
    """Runs that train the same networks: one of them does, and the others share its record."""

    lead: RunSpec
    """The run that is launched."""
    others: list[RunSpec] = field(default_factory=list)

    @property
    def specs(self) -> list[RunSpec]:
        """All of them."""
        return [self.lead, *self.others]


@dataclass(slots=True)
class Worklist:
    """Every run of a study is in one of these."""

    finished: list[RunSpec] = field(default_factory=list)
    shares: list[tuple[RunSpec, Path]] = field(default_factory=list)
    """Runs whose networks were trained before, and the folder of the record of that."""
    failed: dict[str, tuple[RunSpec, str]] = field(default_factory=dict)
    """By name: runs that failed before and are not tried again, and why they failed."""
    left_out: list[RunSpec] = field(default_factory=list)
    """Runs that never began, where only failed ones are asked for."""
    trainings: list[Training] = field(default_factory=list)
    """What is to be launched."""
    states: dict[str, RunState] = field(default_factory=dict)
    """What each run was found in, by name."""


def build_worklist(study: Study, retry: str) -> Worklist:
    """Look what is there of a study, and decide what is to do.

    Args:
        study: The runs.
        retry: `none`, or `failed`: run those that failed or were stopped, and no others.
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
    """Say of every run that shares a failed training why it is not there."""
    shared = f"shares the training of {failed.name}, which failed"
    return {spec.name: (spec, reason if spec.name == failed.name else shared) for spec in specs}
