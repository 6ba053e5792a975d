"""Where the package's log messages go.

Modules log to `logging.getLogger(__name__)`: `info` reports progress, `warning` what goes wrong
without ending a run, and `debug` is for the run's log file alone. A command attaches the handlers.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from ensemble_switchover.machine.terminal import printable, replace_unknown_characters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

PACKAGE_LOGGER = logging.getLogger("ensemble_switchover")

_subject: ContextVar[str | None] = ContextVar("subject", default=None)


@contextmanager
def about(name: str) -> Iterator[None]:
    """Say of the messages within a `with` that they are about one of several runs."""
    token = _subject.set(name)
    try:
        yield
    finally:
        _subject.reset(token)


def is_about(name: str) -> bool:
    """Return whether what is logged now is about a run, or about all there are.

    >>> with about("one"):
    ...     is_about("one"), is_about("two")
    (True, False)
    >>> is_about("two")
    True
    """
    return _subject.get() in (None, name)


class ConsoleHandler(logging.Handler):
    """Prints messages as plain lines."""

    def __init__(self, stream: TextIO, level: int) -> None:
        super().__init__(level)
        self.stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Print the lines of a message."""
        for line in record.getMessage().splitlines():
            print(printable(line), file=self.stream)


class _Outside(logging.Handler):
    """Hands messages of at least a level to the root logger's handlers."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on a message."""
        logging.getLogger().callHandlers(record)


@contextmanager
def attached(handler: logging.Handler) -> Iterator[None]:
    """Hand every message of the package to a handler within a `with`, before the handlers outside.

    Those of the root logger get what they would get without it.
    """
    level, propagate = PACKAGE_LOGGER.level, PACKAGE_LOGGER.propagate
    outside = _Outside(PACKAGE_LOGGER.getEffectiveLevel())
    PACKAGE_LOGGER.handlers.insert(0, handler)
    if propagate:
        PACKAGE_LOGGER.addHandler(outside)
    PACKAGE_LOGGER.setLevel(logging.DEBUG)
    PACKAGE_LOGGER.propagate = False
    try:
        yield
    finally:
        PACKAGE_LOGGER.propagate = propagate
        PACKAGE_LOGGER.setLevel(level)
        PACKAGE_LOGGER.removeHandler(outside)
        PACKAGE_LOGGER.removeHandler(handler)


@contextmanager
def shown_on(stream: TextIO, level: int = logging.INFO) -> Iterator[None]:
    """Print messages of at least a level, and hand none to handlers of the root logger."""
    replace_unknown_characters()
    propagate, PACKAGE_LOGGER.propagate = PACKAGE_LOGGER.propagate, False
    try:
        with attached(ConsoleHandler(stream, level)):
            yield
    finally:
        PACKAGE_LOGGER.propagate = propagate
