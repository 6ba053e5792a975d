"""Several processes write the sections of a report while its own process goes on."""

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

_SECTIONS_OF_A_PROCESS = 2
"""Fewer are written before another process has started."""
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""A figure makes many more than Python's 700, and each collection looks through those of others."""


class SectionWriters:
    """Writes sections in processes of their own; where they are few, in this one, at the end."""

    def __init__(self, num_sections: int, out: Path) -> None:
        """Start nothing yet.

        Args:
            num_sections: How many there will be.
            out: The report's folder, which has folders for figures and tables.
        """
        self._out = out
        self._given: list[tuple[Finding, str, Future[Section] | None]] = []
        num_processes = min(num_sections // _SECTIONS_OF_A_PROCESS, num_processors())
        self._pool = _make_pool(num_processes) if num_processes > 1 else None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes; what was not collected by then is not written."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, finding: Finding, suffix: str) -> None:
        """Have a section written, with the arguments of `write_section`."""
        self._given.append((finding, suffix, self._send(finding, suffix)))

    def collect(self) -> tuple[Section, ...]:
        """Return the sections in the order in which they were begun, once all are written.

        Raises:
            OSError: if a file cannot be written.
        """
        return tuple(self._finish(*given) for given in self._given)

    def _send(self, finding: Finding, suffix: str) -> Future[Section] | None:
        if self._pool is None:
            return None
        # Records are not needed to draw, and are most of what would have to be sent.
        light = replace(finding, comparison=replace(finding.comparison, records=()))
        with suppress(BrokenProcessPool, OSError):  # no process, or no more of them
            return self._pool.submit(write_section, light, suffix, self._out)
        return None

    def _finish(self, finding: Finding, suffix: str, sent: Future[Section] | None) -> Section:
        if sent is not None:
            with suppress(BrokenProcessPool):  # one was killed, for its memory perhaps
                return sent.result()
        section = write_section(finding, suffix, self._out)
        gc.collect()  # figures refer to themselves, and a command collects nothing by itself
        return section


def _make_pool(num_processes: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(num_processes, context, initializer=_prepare)


def _prepare() -> None:
    """Leave Ctrl-C to the report's own process, and collect garbage less often."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
