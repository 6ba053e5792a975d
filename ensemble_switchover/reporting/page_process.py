"""The process that writes the page of a study while a sweep trains its runs.

A sweep starts it as `python -m ensemble_switchover.reporting.page_process results/demo`. It reads
the planned runs from the first line of its standard input, and ends when that is closed: by the
sweep, or by the system when the sweep was killed. It gives way to whatever else wants a processor,
and is the first to be killed when memory runs out.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.config.store_names import RECORD_FILE, REPORT_FOLDER, REPORT_PAGE
from ensemble_switchover.errors import EnsembleSwitchoverError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.system_errors import machine_trouble
from ensemble_switchover.reporting.page import render_page
from ensemble_switchover.reporting.page_so_far import describe_so_far, make_page_so_far
from ensemble_switchover.reporting.planned_runs import PAGE_WRITTEN, PlannedRuns
from ensemble_switchover.reporting.reported_runs import read_reported_runs
from ensemble_switchover.reporting.rewriting import Rewriting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.reporting.page import Page
    from ensemble_switchover.reporting.reported_runs import ReportedRuns

FOLLOW_SECONDS = 2.0
NICENESS = 15
"""The process gets at most 4 % of a processor that another one keeps busy, which is less than a run
counts as a disturbance of its times."""
QUICK_SECONDS = 5.0
"""Seconds of a core that the page may take that is written after the end of a sweep."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write pages until standard input is closed, or somebody else writes the page."""
    (folder,) = map(Path, sys.argv[1:] if arguments is None else arguments)
    _give_way()
    planned = PlannedRuns.from_json(sys.stdin.readline())
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    with suppress(BrokenPipeError):  # the sweep was killed
        PageProcess(folder, planned).run(ended)
    return 0


class PageProcess:
    """Follows the runs of a study, and writes their page."""

    def __init__(self, folder: Path, planned: PlannedRuns) -> None:
        """Begin with the page that is there, if there is one.

        Args:
            folder: The folder of the study.
            planned: The runs of the sweep.
        """
        self.path = folder / REPORT_FOLDER / REPORT_PAGE
        self._folder = folder
        self._planned = planned
        self._finished: frozenset[str] = frozenset()
        self._rewriting = Rewriting(planned, time.monotonic())
        self._stamp = _stamp_of(self.path)
        self._last: _Shown | None = None
        self._cost = 0.0
        """Seconds of a core that the last page took."""
        self._told: set[str] = set()

    def run(self, ended: threading.Event) -> None:
        """Write pages until the sweep has ended, and then the last one."""
        while not ended.wait(FOLLOW_SECONDS):
            self._find_finished()
            if self._rewriting.is_due(time.monotonic(), self._finished):
                if self._is_others():
                    return
                self._try_to_write()
        if self._last is None or self._is_others():
            return
        self._save(self._last, ended=True)  # at once, since the sweep does not wait for long
        self._find_finished()
        if self._finished != self._last.finished and self._cost <= QUICK_SECONDS:
            self._save(self._show(), ended=True)

    def _find_finished(self) -> None:
        """Find the planned runs with a record; only folders that are new are looked into."""
        names: list[str] = []
        with suppress(OSError):
            names = os.listdir(self._folder)  # noqa: PTH208 - names alone
        new = self._planned.names.intersection(names) - self._finished
        self._finished |= {n for n in new if (self._folder / n / RECORD_FILE).exists()}

    def _is_others(self) -> bool:
        """Return whether somebody else wrote the page, such as a report that was asked for."""
        return _stamp_of(self.path) != self._stamp

    def _try_to_write(self) -> None:
        begin, written = time.process_time(), False
        try:
            shown = self._show()
            self._save(shown, ended=False)
            self._last, written = shown, True
        except Exception as error:  # noqa: BLE001 - the sweep goes on, and so does this process
            known = isinstance(error, EnsembleSwitchoverError)
            self._tell(str(error) if known else machine_trouble(error) or repr(error))
        else:
            self._tell(PAGE_WRITTEN)
        self._cost = time.process_time() - begin
        self._rewriting.note(time.monotonic(), self._finished, self._cost, written=written)

    def _show(self) -> _Shown:
        runs = read_reported_runs(self._folder)
        return _Shown(runs, make_page_so_far(runs), self._finished)

    def _save(self, shown: _Shown, *, ended: bool) -> None:
        now = datetime.now().astimezone()
        so_far = describe_so_far(shown.runs, self._planned, now, ended=ended, folder=self._folder)
        page = render_page(replace(shown.page, so_far=so_far))
        write_file(self.path, page.encode())
        self._stamp = _stamp_of(self.path)

    def _tell(self, line: str) -> None:
        """Tell the sweep, once."""
        if line not in self._told:
            self._told.add(line)
            print(" ".join(line.split()), flush=True)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A page, and what is on it."""

    runs: ReportedRuns
    page: Page
    finished: frozenset[str]
    """Planned runs that were finished when it was begun."""


def _stamp_of(path: Path) -> tuple[int, int] | None:
    """Return what changes when a file is replaced; None without the file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _give_way() -> None:
    """Let all other processes come first, and be killed first where memory runs out."""
    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _wait_for_end(ended: threading.Event) -> None:
    """Wait until nobody can write to standard input any more."""
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
