"""What the store knows of a run."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

from pydantic_core import from_json

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.document import read_document, read_file
from ensemble_switchover.results.layout import (
    EPOCHS_FILE,
    FAILURE_FILE,
    RECORD_FILE,
    checkpoint_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import holder_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class RunState(Enum):
    """A run is in one of these."""

    ABSENT = "absent"
    RUNNING = "running"
    """A process works on it."""
    INTERRUPTED = "interrupted"
    """No process works on it, and it goes on from its checkpoint."""
    FINISHED = "finished"
    FAILED = "failed"
    UNREADABLE = "unreadable"


def run_state(folder: Path) -> RunState:
    """Tell the state of the run that owns `folder`."""
    ended = ended_state(folder)
    if ended in (RunState.FINISHED, RunState.UNREADABLE):
        return ended
    if holder_of(unfinished_folder(folder)) is not None:
        return RunState.RUNNING  # a failed one may be tried again
    if ended is not None:
        return ended
    return RunState.INTERRUPTED if has_checkpoint(folder) else RunState.ABSENT


def ended_state(folder: Path) -> RunState | None:
    """Tell how the run that owns `folder` ended: finished, failed or unreadable, if it did."""
    if (folder / RECORD_FILE).exists():
        return RunState.FINISHED if _why_unreadable(folder) is None else RunState.UNREADABLE
    return RunState.FAILED if (folder / FAILURE_FILE).is_file() else None


def count_begun(states: Iterable[RunState]) -> str:
    """Count the runs that are neither finished nor absent, in brackets; nothing for none.

    >>> count_begun([RunState.FAILED, RunState.RUNNING, RunState.FINISHED, RunState.FAILED])
    ' (1 running, 2 failed)'
    """
    number = Counter(states)
    begun = [state for state in RunState if state not in (RunState.ABSENT, RunState.FINISHED)]
    parts = [f"{number[state]} {state.value}" for state in begun if number[state]]
    return f" ({', '.join(parts)})" if parts else ""


def has_checkpoint(folder: Path) -> bool:
    """Tell whether a run left something to go on from."""
    return num_epochs_kept(folder) > 0


def num_epochs_kept(folder: Path) -> int:
    """Return after how many epochs an unfinished run can go on."""
    stems = [path.stem for path in checkpoint_folder(folder).glob("*.checkpoint")]
    return max((int(stem) for stem in stems if stem.isdecimal()), default=0)


def failure_of(folder: Path) -> str:
    """Return the line that a failed run left behind, or why its record cannot be read."""
    reason = _why_unreadable(folder) if (folder / RECORD_FILE).exists() else None
    if reason is not None:
        return reason
    try:
        return str(from_json((folder / FAILURE_FILE).read_bytes())["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"unknown: {folder / FAILURE_FILE} cannot be read"


def failure_stamp(folder: Path) -> int | None:
    """Return when the run failed last, in nanoseconds, to tell a new failure from an old one."""
    try:
        return (folder / FAILURE_FILE).stat().st_mtime_ns
    except OSError:
        return None


def _why_unreadable(folder: Path) -> str | None:
    try:
        document = read_document(folder)
        if not document.epochs_within:
            read_file(folder, EPOCHS_FILE, document.files[EPOCHS_FILE])
    except RecordError as error:
        return str(error)
    return None
