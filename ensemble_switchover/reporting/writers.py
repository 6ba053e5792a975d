"""Worker processes that write the sections of a report while the main process continues."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from ensemble_switchover.machine.hardware import num_processors
from ensemble_switchover.reporting.section import write_section

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.page import Section

_SECTIONS_PER_PROCESS = 2
"""With fewer sections for each process, starting another process does not pay."""
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Threshold of garbage collection: a figure makes far more objects than Python's default of 700."""


class SectionWriters:
    """Writes sections in worker processes or, if there are few, in this process at the end."""

    def __init__(self, num_sections: int, out: Path) -> None:
        """Prepare the worker processes.

        Args:
            num_sections: Number of sections to write.
            out: The folder of the report.
        """
        self._out = out
        self._given: list[tuple[Finding, str, Future[Section] | None]] = []
        num_processes = min(num_sections // _SECTIONS_PER_PROCESS, num_processors())
        self._pool = _make_pool(num_processes) if num_processes > 1 else None

    def __enter__(self) -> Self:
        """Return the writers."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes and cancel the sections that were not collected."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, finding: Finding, suffix: str) -> None:
        """Start writing a section; the arguments are those of `write_section`."""
        self._given.append((finding, suffix, self._send(finding, suffix)))

    def collect(self) -> tuple[Section, ...]:
        """Wait for all sections, and return them in the order in which they were begun.

        Raises:
            OSError: if a file cannot be written.
        """
        return tuple(self._finish(*given) for given in self._given)

    def _send(self, finding: Finding, suffix: str) -> Future[Section] | None:
        if self._pool is None:
            return None
        # Drawing does not need the records, which are most of the data to send.
        light = replace(finding, comparison=replace(finding.comparison, records=()))
        with suppress(BrokenProcessPool, OSError):  # the section is then written in this process
            return self._pool.submit(write_section, light, suffix, self._out)
        return None

    def _finish(self, finding: Finding, suffix: str, sent: Future[Section] | None) -> Section:
        if sent is not None:
            with suppress(BrokenProcessPool):  # a process was killed, perhaps for lack of memory
                return sent.result()
        section = write_section(finding, suffix, self._out)
        gc.collect()  # figures hold reference cycles, and commands disable automatic collection
        return section


def _make_pool(num_processes: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(num_processes, context, initializer=_prepare)


def _prepare() -> None:
    """Leave Ctrl-C to the main process, and collect garbage less often."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
