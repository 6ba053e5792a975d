"""The folders of the runs below a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.layout import FAILURE_FILE, RECORD_FILE, UNFINISHED_FOLDER

MAKING_TRIES = 100
"""How often a folder is made that other processes remove at that moment."""


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, that other processes may remove when it is empty.

    Python's own call fails where a folder that was in its way is gone when it looks again.

    Raises:
        OSError: if it cannot be made.
    """
    for tries_left in reversed(range(MAKING_TRIES)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, FileNotFoundError):
            if not tries_left or folder.is_file():
                raise
        else:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolders:
    """Folders of runs by what is in them, each in order."""

    recorded: list[Path]
    """With a record; a folder that may not be looked into is among them, for its reader to say."""
    failed: list[Path]
    """With a failure, and no record."""
    begun: list[Path]
    """Of runs that are unfinished; they need not exist yet, or may be among the failed too."""


def find_runs(root: Path) -> RunFolders:
    """Find the runs below a folder, which may be that of a run itself.

    Raises:
        RecordError: if there is no such folder.
    """
    if not root.is_dir():
        raise RecordError(f"{root}: no such folder; expected a study's folder of records")
    recorded: list[str] = []
    failed: list[str] = []
    begun: list[str] = []
    places = [str(root)]
    while places:
        place = places.pop()
        if os.path.exists(f"{place}/{RECORD_FILE}"):  # noqa: PTH110 - Path is too slow for many
            recorded.append(place)
        elif os.path.exists(f"{place}/{FAILURE_FILE}"):  # noqa: PTH110
            failed.append(place)
        else:
            try:
                names = _folders_in(place)
            except PermissionError:
                recorded.append(place)
                continue
            if UNFINISHED_FOLDER in names:
                unfinished = f"{place}/{UNFINISHED_FOLDER}"
                try:
                    begun += [f"{place}/{name}" for name in _folders_in(unfinished)]
                except PermissionError:
                    recorded.append(unfinished)
            places += [f"{place}/{name}" for name in names if not name.startswith(".")]
    return RunFolders(
        recorded=[*map(Path, sorted(recorded))],
        failed=[*map(Path, sorted(failed))],
        begun=[*map(Path, sorted(begun))],
    )


def _folders_in(place: str) -> list[str]:
    try:
        with os.scandir(place) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:  # removed at this moment
        return []
