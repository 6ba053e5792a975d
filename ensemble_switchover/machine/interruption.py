"""Ctrl-C and SIGTERM (preemption) that are never lost.

Both raise KeyboardInterrupt. Python drops one that happens to be raised within a destructor, so
the request is remembered too, and looked up between runs and epochs.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_requests: list[int] = []


def listen(*more: int) -> None:
    """Remember Ctrl-C and SIGTERM from now on; they raise at once too. For the main thread.

    Args:
        more: Further signals that ask to stop.
    """
    for number in (signal.SIGINT, signal.SIGTERM, *more):
        signal.signal(number, _remember)
    sys.unraisablehook = _tell_unraisable


def check() -> None:
    """Raise the KeyboardInterrupt that was asked for, if one was.

    Raises:
        KeyboardInterrupt: if Ctrl-C or SIGTERM came since `listen`.
    """
    if _requests:
        raise KeyboardInterrupt


def exit_code() -> int:
    """Return the shells' code for a process that a signal ended: 130 Ctrl-C, 143 SIGTERM."""
    return 128 + (_requests[-1] if _requests else signal.SIGINT)


def _tell_unraisable(dropped: sys.UnraisableHookArgs) -> None:
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)


def _remember(number: int, frame: FrameType | None) -> None:
    del frame
    _requests.append(number)
    raise KeyboardInterrupt
