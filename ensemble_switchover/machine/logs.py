"""Where the package's log messages go.

Modules log to `logging.getLogger(__name__)`: `info` reports progress, `warning` what goes wrong
without ending a run, and `debug` is for the run's log file alone. A command attaches the handlers.
"""

from __future__ import annotations

import logging
import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from ensemble_switchover.machine.terminal import printable, replace_unknown_characters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

PACKAGE_LOGGER = logging.getLogger("ensemble_switchover")

VERBOSE = "hydra.verbose"

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
def shown_on(stream: TextIO, level: int = logging.INFO, below: int | None = None) -> Iterator[None]:
    """Print messages of at least a level, and hand none to handlers of the root logger.

    Args:
        stream: Where they are printed.
        level: The least level that is printed.
        below: The level from which on they are not printed, if there is any.
    """
    replace_unknown_characters()
    handler = ConsoleHandler(stream, level)
    if below is not None:
        handler.addFilter(lambda record: record.levelno < below)
    propagate, PACKAGE_LOGGER.propagate = PACKAGE_LOGGER.propagate, False
    try:
        with attached(handler):
            yield
    finally:
        PACKAGE_LOGGER.propagate = propagate


def details_shown(
    verbose: bool | str | Sequence[str], *, in_sweep: bool
) -> AbstractContextManager[None]:
    """Print on the error output what else is for the log of a run alone, if Hydra is asked to.

    Args:
        verbose: `hydra.verbose`: whether all loggers say everything, or which of them.
        in_sweep: Whether progress is for the log alone, too.
    """
    loggers = [verbose] if isinstance(verbose, str) else verbose
    if loggers is True or (loggers and PACKAGE_LOGGER.name in loggers):
        below = logging.WARNING if in_sweep else logging.INFO
        return shown_on(sys.stderr, logging.DEBUG, below)
    return nullcontext()


@contextmanager
def libraries_shown(overrides: Sequence[str]) -> Iterator[None]:
    """Print on the error output what Hydra and other libraries log, if `hydra.verbose` asks for it.

    Args:
        overrides: Those of the command, before Hydra reads them.
    """
    asked = [word for word in overrides if word.lstrip("+").startswith(f"{VERBOSE}=")]
    if not asked or asked[-1].partition("=")[2].lower() == "false":
        yield
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("[%(asctime)s][%(name)s][%(levelname)s] - %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
