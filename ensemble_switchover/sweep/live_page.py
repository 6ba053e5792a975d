"""The page of a study while a sweep trains its runs, written by a process of its own (no torch).

Neither matplotlib nor torch is imported for it here. Nothing that goes wrong with the page costs a
run, and the process ends with the sweep.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ensemble_switchover.config.store_names import RECORD_FILE, REPORT_FOLDER, REPORT_PAGE
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.machine.terminal import complain
from ensemble_switchover.reporting.planned_runs import PAGE_WRITTEN, PlannedRun, PlannedRuns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec

PROCESS_MODULE = "ensemble_switchover.reporting.page_process"
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)
START_SECONDS = 5.0
"""Seconds before the process starts; a sweep that ends within them has no use for it."""
END_SECONDS = 5.0
"""Seconds that the last page may take after the sweep."""
STOP_SECONDS = 2.0
"""Seconds that it may take when the sweep was stopped, as by Ctrl-C."""


@contextmanager
def live_page(
    specs: Sequence[RunSpec], *, wanted: bool, all_are_trained: bool = True
) -> Iterator[None]:
    """Keep the page of a study up to date while its runs are trained.

    Args:
        specs: The runs.
        wanted: False to write no page.
        all_are_trained: False if the sweep chooses among the runs.
    """
    if not wanted:
        yield
        return
    follower = _Follower(specs, all_are_trained)
    follower.start()
    try:
        yield
    except BaseException:
        follower.end(STOP_SECONDS)
        raise
    follower.end(END_SECONDS)


class _Follower(threading.Thread):
    """Starts the process, tells it of the runs, and tells the user what it says."""

    def __init__(self, specs: Sequence[RunSpec], all_are_trained: bool) -> None:
        super().__init__(daemon=True)
        self._folder = specs[0].study_folder
        here = [spec for spec in specs if spec.study_folder == self._folder]
        self._planned = _planned(here, all_are_trained)
        self._process: subprocess.Popen[str] | None = None
        self._starting = threading.Lock()
        self._ended = threading.Event()
        self._has_page = False

    def run(self) -> None:
        """Follow the process from its start to its end."""
        if self._ended.wait(START_SECONDS):
            return
        with self._starting:
            if self._ended.is_set():
                return
            try:
                self._process = process = _start(self._folder)
            except OSError as error:
                _complain(sentence_of(error))
                return
        with suppress(OSError, ValueError):  # it was ended meanwhile
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{self._planned.to_json()}\n")
            process.stdin.flush()
            for line in process.stdout:
                self._hear(line.strip())
        code = process.wait()
        if code and not self._ended.is_set():
            _complain(f"its process ended with {code}")

    def end(self, patience: float) -> None:
        """End the process: at once if it wrote no page, else after its last one.

        Args:
            patience: Seconds that it may take.
        """
        self._ended.set()
        with self._starting:
            process = self._process
        if process is None:
            return
        try:
            if self._has_page:
                _close_input(process)  # which asks for the last page
                process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
            process.wait()
            _close_input(process)
            self.join(patience)
            if process.stdout is not None and not self.is_alive():
                process.stdout.close()

    def _hear(self, line: str) -> None:
        if line == PAGE_WRITTEN:
            self._has_page = True
            path = self._folder / REPORT_FOLDER / REPORT_PAGE
            print(f"A first picture, rewritten as runs finish: {path}", flush=True)
        else:
            _complain(line)


def _planned(specs: Sequence[RunSpec], all_are_trained: bool) -> PlannedRuns:
    runs = tuple(
        PlannedRun(
            spec.name,
            f"{spec.comparison_fingerprint} {spec.budget.parameters}",
            spec.design.design_class.value,
            (spec.folder / RECORD_FILE).exists(),
        )
        for spec in specs
    )
    return PlannedRuns(runs, all_are_trained)


def _start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", PROCESS_MODULE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **ONE_THREAD},
        text=True,
        errors="replace",
        process_group=0,  # Ctrl-C is for the sweep, which ends this process
    )


def _close_input(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with suppress(OSError, ValueError):
        process.stdin.close()


def _complain(why: str) -> None:
    complain(f"The page of the study is not written: {why}; the runs go on")
