"""The runs below a folder, as a report shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.paths import readable
from ensemble_switchover.reporting.page import Problem
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.state import failure_of
from ensemble_switchover.results.store import read_folders

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.results.record import Record


@dataclass(frozen=True, slots=True)
class ReportedRuns:
    """What was found below a folder."""

    records: dict[Path, Record]
    """Folder of each finished run -> its record."""
    failed: tuple[Problem, ...]
    unreadable: tuple[Problem, ...]

    @property
    def folders(self) -> dict[RunKey, Path]:
        """Study and name of each finished run -> its folder."""
        return {(record.study, record.name): path for path, record in self.records.items()}


def read_reported_runs(folder: Path) -> ReportedRuns:
    """Read the records below a folder.

    Raises:
        RecordError: if the folder is absent, or no run is finished.
    """
    found = find_runs(folder)
    records, unread = read_folders(found.recorded)
    failed = tuple(_problem(folder, run, failure_of(run)) for run in found.failed)
    unreadable = tuple(_problem(folder, entry.path, entry.reason) for entry in unread)
    if not records:
        missing = ""
        if failed or unreadable:
            missing = f" ({len(failed)} failed, {len(unreadable)} unreadable)"
        expected = f"expected <run>/{RECORD_FILE} below it"
        raise RecordError(f"{folder}: no finished run to report on{missing}; {expected}")
    return ReportedRuns(records, failed, unreadable)


def _problem(folder: Path, path: Path, reason: str) -> Problem:
    """Name a file by its path below the folder, and remove the path from the reason."""
    return Problem(readable(path.relative_to(folder)), readable(reason.removeprefix(f"{path}: ")))
