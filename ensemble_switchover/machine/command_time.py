"""When the command of this process began, for what it may take as a whole."""

from __future__ import annotations

import time

from ensemble_switchover.machine.process_age import process_age_seconds

_begin: float | None = None
_light_seconds = 0.0


def mark_begin() -> None:
    """Note that this process is a command, which began when the process started."""
    global _begin, _light_seconds
    _light_seconds = process_age_seconds() or 0.0
    _begin = time.monotonic() - _light_seconds


def seconds_since_begin() -> float:
    """Return the seconds since the command began; 0 where this process is none."""
    return 0.0 if _begin is None else time.monotonic() - _begin


def seconds_before_mark() -> float:
    """Return the seconds from the start of the process until the command was marked."""
    return _light_seconds
