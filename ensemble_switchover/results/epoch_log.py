"""How far a run under way has come, by its log: there is a line for every epoch."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ensemble_switchover.results.layout import LOG_FILE, unfinished_folder

if TYPE_CHECKING:
    from pathlib import Path

TAIL_BYTES = 4096
"""Of the log's end in which the last line of an epoch is looked for."""
_EPOCH_LINE = re.compile(rb"^\S+ \S+  epoch +(\d{1,9})/(\d{1,9})  ", re.MULTILINE)


def epochs_logged(folder: Path) -> tuple[int, int] | None:
    """Return how many epochs a run has ended, and how many it will have.

    Args:
        folder: The folder of the run's record.

    Returns:
        None if its log does not say so, as before the end of the first epoch.
    """
    try:
        with (unfinished_folder(folder) / LOG_FILE).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            found = _EPOCH_LINE.findall(file.read())
    except OSError:
        return None
    return (int(found[-1][0]), int(found[-1][1])) if found else None
