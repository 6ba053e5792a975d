"""Ctrl-C and SIGTERM (preemption), which are never lost.

Both raise KeyboardInterrupt. Python drops one that is raised within a destructor, so the request is
recorded as well, and checked between runs and epochs.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_requests: list[int] = []


def listen(*more: int) -> None:
    """Record Ctrl-C and SIGTERM from now on, besides raising at once; call it in the main thread.

    Args:
        more: Numbers of further signals that ask to stop.
    """
    for number in (signal.SIGINT, signal.SIGTERM, *more):
        signal.signal(number, _record)
    sys.unraisablehook = _report_unraisable


def check() -> None:
    """Raise KeyboardInterrupt if a stop was requested.

    Raises:
        KeyboardInterrupt: if Ctrl-C or SIGTERM came since `listen`.
    """
    if _requests:
        raise KeyboardInterrupt


def exit_code() -> int:
    """Return the exit code of a process that a signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + (_requests[-1] if _requests else signal.SIGINT)


def _report_unraisable(dropped: sys.UnraisableHookArgs) -> None:
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)


def _record(number: int, frame: FrameType | None) -> None:
    del frame
    _requests.append(number)
    raise KeyboardInterrupt
