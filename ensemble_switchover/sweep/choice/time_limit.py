"""Another program, run for a limited time; whoever asks this one to stop, stops that one."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDING_SECONDS = 20.0
"""Seconds that a program may take to end once it is asked to; then it is killed."""


@dataclass(frozen=True, slots=True)
class ProgramEnding:
    """How a program ended."""

    code: int
    """Its exit code; below 0, the signal that ended it."""
    overran: bool = False
    """Whether it was stopped because its time was over."""
    interrupted: bool = False
    """Whether it was stopped because this one was asked to stop."""


def run_within(words: Sequence[str], seconds: float) -> ProgramEnding:
    """Run a program, and stop it as Ctrl-C would when the time is over.

    Ctrl-C and all else that raises KeyboardInterrupt here stops it too, once, and is not raised.

    Args:
        words: The program and its arguments.
        seconds: Seconds after which it is stopped.

    Raises:
        OSError: if it cannot be started.
    """
    process = subprocess.Popen(words, process_group=0)  # so that Ctrl-C comes to it once, from here
    try:
        return ProgramEnding(process.wait(seconds))
    except subprocess.TimeoutExpired:
        return ProgramEnding(_stop(process), overran=True)
    except KeyboardInterrupt:
        return ProgramEnding(_stop(process), interrupted=True)


def _stop(process: subprocess.Popen[bytes]) -> int:
    _signal(process, signal.SIGINT)  # its workers too, as Ctrl-C in a terminal would
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        return process.wait(ENDING_SECONDS)
    _signal(process, signal.SIGKILL)
    return process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        os.killpg(process.pid, number)
