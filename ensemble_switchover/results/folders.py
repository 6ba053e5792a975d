"""The folders of the runs below a folder."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json

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

    What lies in the folder of a run is no other run. A stray file named as a record is, such as one
    in the folder of a study, hides nothing below it; it is among the recorded, for its reader to
    tell what is wrong with it.

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
        try:
            names, files = _entries_of(place)
        except PermissionError:
            recorded.append(place)
            continue
        if RECORD_FILE in files:
            recorded.append(place)
            if names and _is_named_in(f"{place}/{RECORD_FILE}"):
                continue
        elif FAILURE_FILE in files:
            failed.append(place)
            if names and _is_named_in(f"{place}/{FAILURE_FILE}"):
                continue
        if UNFINISHED_FOLDER in names:
            unfinished = f"{place}/{UNFINISHED_FOLDER}"
            try:
                begun += [f"{place}/{name}" for name in _entries_of(unfinished)[0]]
            except PermissionError:
                recorded.append(unfinished)
        places += [f"{place}/{name}" for name in names if not name.startswith(".")]
    return RunFolders(
        recorded=[*map(Path, sorted(recorded))],
        failed=[*map(Path, sorted(failed))],
        begun=[*map(Path, sorted(begun))],
    )


def _is_named_in(file: str) -> bool:
    """Return whether a file is about the run that its folder is named after."""
    path = Path(file)
    try:
        return bool(from_json(path.read_bytes())["name"] == path.parent.resolve().name)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _entries_of(place: str) -> tuple[list[str], list[str]]:
    """Return the names of the folders and of the other entries in a folder."""
    folders: list[str] = []
    others: list[str] = []
    with suppress(FileNotFoundError), os.scandir(place) as entries:  # it may be removed meanwhile
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else others).append(entry.name)
    return folders, others
