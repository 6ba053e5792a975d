"""Ctrl-C, SIGTERM (preemption) and SIGHUP (a terminal that is closed), which are never lost.

All raise KeyboardInterrupt. Python drops one that is raised within a destructor, so the request is
recorded as well, and checked between runs and epochs.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_requests: list[int] = []


def listen(*more: int) -> None:
    """Record what asks to stop from now on, besides raising at once; call it in the main thread.

    SIGHUP stays ignored if it is, as below `nohup`.

    Args:
        more: Numbers of further signals that ask to stop.
    """
    for number in (*STOP_SIGNALS, *more):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _record)
    sys.unraisablehook = _report_unraisable


@contextmanager
def listening() -> Iterator[None]:
    """Record what asks to stop within a `with`; afterwards all is as before, requests forgotten.

    Handlers of the calling program stay in place of Python's. Signals come to the main thread
    alone, and in others nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    hook, requests = sys.unraisablehook, list(_requests)
    _requests.clear()
    for number, handler in handlers.items():
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _record)
    sys.unraisablehook = _report_unraisable
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None:  # else it is none of Python's
                signal.signal(number, handler)
        sys.unraisablehook = hook
        _requests[:] = requests


def is_requested() -> bool:
    """Return whether Ctrl-C, SIGTERM or SIGHUP came since `listen`."""
    return bool(_requests)


def check() -> None:
    """Raise KeyboardInterrupt if a stop was requested.

    Raises:
        KeyboardInterrupt: if Ctrl-C, SIGTERM or SIGHUP came since `listen`.
    """
    if is_requested():
        raise KeyboardInterrupt


def exit_code() -> int:
    """Return the exit code of a process that a signal ended: 128 and the signal's number.

    That is 130 for Ctrl-C, 143 for SIGTERM and 129 for SIGHUP.
    """
    return 128 + (_requests[-1] if _requests else signal.SIGINT)


def _report_unraisable(dropped: sys.UnraisableHookArgs) -> None:
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)


def _record(number: int, frame: FrameType | None) -> None:
    del frame
    _requests.append(number)
    raise KeyboardInterrupt
