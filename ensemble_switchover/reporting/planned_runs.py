"""The runs of a sweep, as the process that writes their page is told of them (no torch)."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

PAGE_WRITTEN = "written"
"""The line by which the process tells of its first page; others say why one was not written."""
CELLS_TO_SEE = 2
"""Budgets with all of their design classes that make a first picture."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run that a sweep may train."""

    name: str
    cell: str
    """Names what the designs share that are compared: the setting and the budget."""
    design_class: str
    finished_before: bool = False
    """True if the run was finished before the sweep began."""


@dataclass(frozen=True, slots=True)
class PlannedRuns:
    """The runs that a sweep may train."""

    runs: tuple[PlannedRun, ...]
    all_are_trained: bool
    """False if the sweep chooses among them, so that how many there will be is not known."""

    @property
    def names(self) -> frozenset[str]:
        """The names of the runs."""
        return frozenset(run.name for run in self.runs)

    @property
    def finished_before(self) -> frozenset[str]:
        """The names of those that were finished before the sweep began."""
        return frozenset(run.name for run in self.runs if run.finished_before)

    def show_something(self, finished: AbstractSet[str]) -> bool:
        """Return whether these runs make a picture: two budgets with all of their classes.

        Args:
            finished: Names of runs.
        """
        planned: defaultdict[str, set[str]] = defaultdict(set)
        there: defaultdict[str, set[str]] = defaultdict(set)
        for run in self.runs:
            planned[run.cell].add(run.design_class)
            if run.name in finished:
                there[run.cell].add(run.design_class)
        num_complete = sum(classes == planned[cell] for cell, classes in there.items())
        return num_complete >= min(CELLS_TO_SEE, len(planned))

    def to_json(self) -> str:
        """Write the runs as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> PlannedRuns:
        """Read the runs from such a line."""
        values = json.loads(line)
        runs = tuple(PlannedRun(**run) for run in values["runs"])
        return cls(runs, values["all_are_trained"])
