"""The records below several folders together, and the runs that left none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.paths import readable
from ensemble_switchover.machine.terminal import complain
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.state import failure_of
from ensemble_switchover.results.store import read_folders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import Record


@dataclass(frozen=True, slots=True)
class MissingRun:
    """A run that is in no number, and why."""

    name: str
    """Its path from the folder given on, that folder's name included."""
    reason: str


@dataclass(frozen=True, slots=True)
class Studies:
    """What was found below several folders."""

    records: list[Record] = field(default_factory=list)
    folders: dict[tuple[str, str], Path] = field(default_factory=dict)
    """Study and name of a run -> its folder, the first where several have both."""
    failed: list[MissingRun] = field(default_factory=list)
    """Runs that ended with an error and left no record."""
    unreadable: list[MissingRun] = field(default_factory=list)
    """Files of records that could not be read."""


def read_studies(folders: Sequence[Path]) -> Studies:
    """Read the records below several folders, each once; what cannot be read is told.

    Raises:
        RecordError: if a folder is absent, or no run is finished.
    """
    studies = Studies()
    whole = {folder.resolve(): folder for folder in reversed(folders)}
    for path, folder in reversed(whole.items()):
        if not whole.keys().isdisjoint(path.parents):
            continue  # it lies within another
        _read_folder(folder, studies)
    if not studies.records:
        names = ", ".join(map(str, folders))
        raise RecordError(
            f"{names}: no finished run{_count_missing(studies)}; expected <run>/{RECORD_FILE} "
            "below it"
        )
    return studies


def _read_folder(folder: Path, studies: Studies) -> None:
    found = find_runs(folder)
    records, unreadable = read_folders(found.recorded)
    studies.records.extend(records.values())
    for path, record in records.items():
        studies.folders.setdefault((record.study, record.name), path)
    studies.failed.extend(_missing(folder, run, failure_of(run)) for run in found.failed)
    for entry in unreadable:
        complain(f"left out: {entry.reason}")
        studies.unreadable.append(_missing(folder, entry.path, entry.reason))


def _missing(folder: Path, path: Path, reason: str) -> MissingRun:
    """Name a file by its path from the folder on, once."""
    name = Path(folder.resolve().name) / path.relative_to(folder)
    return MissingRun(readable(name), readable(reason.removeprefix(f"{path}: ")))


def _count_missing(studies: Studies) -> str:
    if not studies.failed and not studies.unreadable:
        return ""
    return f" ({len(studies.failed)} failed, {len(studies.unreadable)} unreadable)"
