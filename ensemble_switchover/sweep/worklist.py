"""What a sweep has to do: which runs are launched, and which are spared, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ensemble_switchover.results.state import RunState, failure_of, run_state
from ensemble_switchover.sweep.shared_training import finished_trainings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ensemble_switchover.config.run_spec import Cell
    from ensemble_switchover.config.study import Study


@dataclass(frozen=True, slots=True)
class Training:
    """Runs that train the same networks: one of them does, and the others share its record."""

    lead: Cell
    """The run that is launched."""
    others: list[Cell] = field(default_factory=list)

    @property
    def cells(self) -> list[Cell]:
        """All of them."""
        return [self.lead, *self.others]


@dataclass(slots=True)
class Agenda:
    """Every run of a study is in one of these."""

    finished: list[Cell] = field(default_factory=list)
    shares: list[tuple[Cell, Path]] = field(default_factory=list)
    """Runs whose networks were trained before, and the folder of the record of that."""
    failed: dict[str, tuple[Cell, str]] = field(default_factory=dict)
    """By name: runs that failed before and are not tried again, and why they failed."""
    left_out: list[Cell] = field(default_factory=list)
    """Runs that never began, where only failed ones are asked for."""
    trainings: list[Training] = field(default_factory=list)
    """What is to be launched."""
    states: dict[str, RunState] = field(default_factory=dict)
    """What each run was found in, by name."""


def draw_up(study: Study, retry: str) -> Agenda:
    """Look what is there of a study, and decide what is to do.

    Args:
        study: The runs.
        retry: `none`, or `failed`: run those that failed or were stopped, and no others.
    """
    agenda = Agenda(states={cell.name: run_state(cell.folder) for cell in study.cells})
    finished = RunState.FINISHED
    known: Mapping[str, Path] = {}
    if any(state is not finished for state in agenda.states.values()):
        known = finished_trainings(study.cells[0].results)
    for cells in study.trainings():
        _decide(agenda, cells, known.get(cells[0].training), retry)
    return agenda


def _decide(agenda: Agenda, cells: list[Cell], source: Path | None, retry: str) -> None:
    states = agenda.states
    rest = []
    for cell in cells:
        if states[cell.name] is RunState.FINISHED:
            agenda.finished.append(cell)
            source = cell.folder
        elif states[cell.name] is RunState.UNREADABLE:
            agenda.failed[cell.name] = (cell, failure_of(cell.folder))
        else:
            rest.append(cell)
    failed = [cell for cell in rest if states[cell.name] is RunState.FAILED]
    begun = [cell for cell in rest if states[cell.name] is not RunState.ABSENT]
    if source is not None:
        agenda.shares += [(cell, source) for cell in rest]
    elif failed and retry != "failed":
        agenda.failed |= blame(failed[0], failure_of(failed[0].folder), rest)
    elif rest and retry == "failed" and not begun:
        agenda.left_out += rest
    elif rest:
        lead = (failed or begun or rest)[0]
        agenda.trainings.append(Training(lead, [cell for cell in rest if cell is not lead]))


def blame(failed: Cell, reason: str, cells: list[Cell]) -> dict[str, tuple[Cell, str]]:
    """Say of every run that shares a failed training why it is not there."""
    shared = f"shares the training of {failed.name}, which failed"
    return {cell.name: (cell, reason if cell.name == failed.name else shared) for cell in cells}
