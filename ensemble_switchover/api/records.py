"""Reading the record of one run, without torch."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

from ensemble_switchover.api.composition import Run
from ensemble_switchover.machine.paths import user_path
from ensemble_switchover.results.finished_run import read_finished_record
from ensemble_switchover.results.layout import run_folder

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def load_record(run: Run | str | PathLike[str]) -> Record:
    """Read the record of a finished run.

    Args:
        run: The run, its folder, or the path of its `record.json`.

    Returns:
        What was run, how and where, and the results; `epochs` has one entry an epoch, with its
        `error_percent`.

    Raises:
        RecordError: if there is no record, or it is damaged, or of a newer schema version.
    """
    if isinstance(run, Run):
        return read_finished_record(run.folder)
    return read_finished_record(run_folder(user_path(str(fspath(run)))))
