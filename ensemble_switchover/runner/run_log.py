"""`run.log`: the course of a run, line by line, with the time of each."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ensemble_switchover.machine.files import names_path, write_file
from ensemble_switchover.machine.logs import is_about
from ensemble_switchover.machine.paths import readable
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.results.layout import LOG_FILE, unfinished_folder

if TYPE_CHECKING:
    from pathlib import Path

_logger = logging.getLogger(__name__)


class RunLog(logging.Handler):
    """Writes the log of a run under way; a resumed run continues its log.

    Messages about other runs, which are trained together with it, are left to theirs.

    The file lies in the folder of the unfinished run, and is put beside the record, or beside the
    failure, at the end. It is opened for every message, since its folder may be removed meanwhile.
    A full disk costs the log, never the run; one warning says so.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder of the run; nothing is written yet."""
        super().__init__()
        self._folder = folder
        self._path = unfinished_folder(folder) / LOG_FILE
        self._told = False
        self.addFilter(lambda _: is_about(folder.name))

    def emit(self, record: logging.LogRecord) -> None:
        """Append the lines of a message, each with its time in UTC."""
        time = datetime.fromtimestamp(int(record.created), UTC).strftime("%Y-%m-%d %H:%M:%S")
        lines = readable(record.getMessage()).splitlines()
        try:
            with names_path(self._path), self._path.open("a", encoding="utf-8") as file:
                file.writelines(f"{time}  {line}\n" for line in lines)
        except FileNotFoundError:
            pass  # the run is over
        except OSError as error:
            if not self._told:
                self._told = True
                _logger.warning(f"lines of the run's log are lost: {sentence_of(error)}")

    def content(self) -> bytes:
        """Return what has been written so far."""
        try:
            return self._path.read_bytes()
        except OSError:
            return b""

    def put_beside_failure(self) -> None:
        """Copy the log of a failed run to the run's folder."""
        with suppress(OSError):
            write_file(self._folder / LOG_FILE, self.content())

    def forget(self) -> None:
        """Remove the file from the folder of the unfinished run."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
