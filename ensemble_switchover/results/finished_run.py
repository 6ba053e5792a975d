"""The record of a run that is finished and kept its weights, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE, unfinished_folder
from ensemble_switchover.results.lock import holder_of
from ensemble_switchover.results.rerun_command import CommandWriter
from ensemble_switchover.results.state import RunState, failure_of, num_epochs_kept, run_state
from ensemble_switchover.results.store import read_description, read_record

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.record import Record


def read_finished_record(folder: Path) -> Record:
    """Read the record of a finished run.

    Args:
        folder: The run's folder, as `run_folder` returns it.

    Raises:
        RecordError: if the run is unfinished or failed, or is none.
    """
    path = folder / RECORD_FILE
    if not path.exists():
        raise RecordError(f"{folder}: {_why_no_record(folder)}")
    return read_record(path)


def read_record_with_weights(folder: Path) -> Record:
    """Read the record of a finished run, and check that the run kept its weights.

    Args:
        folder: The run's folder, as `run_folder` returns it.

    Raises:
        RecordError: if the run is unfinished or failed, or kept no weights, or is none.
    """
    record = read_finished_record(folder)
    if not (folder / WEIGHTS_FILE).exists():
        raise RecordError(
            f"{folder}: no {WEIGHTS_FILE} in it: the run kept no weights; to train it again, "
            f"repeat its overrides with record.weights=true and another study="
        )
    return record


def _why_no_record(folder: Path) -> str:
    if run_state(folder) is RunState.FAILED:
        return f"the run failed: {failure_of(folder)}"
    if unfinished_folder(folder).is_dir():
        return f"the run is not finished: {_how_far(folder)}"
    if not folder.is_dir():
        return f"no such folder; expected the folder of a run, with {RECORD_FILE} in it"
    return f"no {RECORD_FILE} in it; expected the folder of one finished run"


def _how_far(folder: Path) -> str:
    """Say how far an unfinished run is, who works on it, and which command goes on."""
    description = read_description(folder)
    done, hold = num_epochs_kept(folder), holder_of(unfinished_folder(folder))
    asked = description.get("epochs")
    text = f"{done} of {asked} epochs are done" if asked else f"{count(done, 'epoch')} done"
    config = description.get("config")
    command = None
    if isinstance(config, dict):
        here = {"results": str(folder.parent.parent), "study": folder.parent.name}
        command = CommandWriter().write_whole({**config, **here})
    command = command or "the command that began it"
    return f"{text}; {hold}, is at it" if hold else f"{text}; to go on: {command}"
