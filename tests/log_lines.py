"""What the package logs, for tests."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.machine.logs import attached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class CallingHandler(logging.Handler):
    """Calls a function with every message of at least a level."""

    def __init__(self, level: int, call: Callable[[str], object]) -> None:
        super().__init__(level)
        self.call = call

    def emit(self, record: logging.LogRecord) -> None:
        """Call the function."""
        self.call(record.getMessage())


def without_warnings():
    """Fail at the first warning within a `with`."""
    return attached(CallingHandler(logging.WARNING, pytest.fail))


@contextmanager
def logged(level: int = logging.INFO) -> Iterator[list[str]]:
    """Collect the messages of at least a level within a `with`."""
    lines: list[str] = []
    with attached(CallingHandler(level, lines.append)):
        yield lines
