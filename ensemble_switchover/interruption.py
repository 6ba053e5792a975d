"""Ctrl-C that is never lost.

Python drops a KeyboardInterrupt that happens to be raised within a destructor. So the request is
remembered too, and looked up between runs and epochs.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_requests: list[int] = []


def listen() -> None:
    """Remember Ctrl-C from now on; it raises KeyboardInterrupt as ever. For the main thread."""
    signal.signal(signal.SIGINT, _remember)
    sys.unraisablehook = _tell_unraisable


def check() -> None:
    """Raise the KeyboardInterrupt that was asked for, if one was.

    Raises:
        KeyboardInterrupt: if Ctrl-C was typed since `listen`.
    """
    if _requests:
        raise KeyboardInterrupt


def _tell_unraisable(dropped: sys.UnraisableHookArgs) -> None:
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)


def _remember(number: int, frame: FrameType | None) -> None:
    del frame
    _requests.append(number)
    raise KeyboardInterrupt
