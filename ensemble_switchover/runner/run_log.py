"""`run.log`: the course of a run, line by line, with the time of each."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ensemble_switchover.results.layout import LOG_FILE, unfinished_folder

if TYPE_CHECKING:
    from pathlib import Path


class RunLog:
    """The log of a run under way; a run that goes on after a stop goes on with its log.

    It lies with what is unfinished, and is put beside the record, or beside the failure, at the
    end. A disk that is full costs the log, never the run.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder of the run, of which nothing is written yet."""
        self._folder = folder
        self._path = unfinished_folder(folder) / LOG_FILE

    def write(self, text: str) -> None:
        """Add a line or several."""
        now = datetime.now(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.writelines(f"{now}  {line}\n" for line in text.splitlines())

    def content(self) -> bytes:
        """Return what was written so far."""
        try:
            return self._path.read_bytes()
        except OSError:
            return b""

    def put_beside_failure(self) -> None:
        """Keep the log of a run that failed."""
        with suppress(OSError):
            (self._folder / LOG_FILE).write_bytes(self.content())

    def forget(self) -> None:
        """Remove it from what is unfinished."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
