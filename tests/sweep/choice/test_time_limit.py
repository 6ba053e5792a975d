"""A program that is run for a limited time ends by itself, or is stopped with its workers."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.sweep.choice import time_limit
from ensemble_switchover.sweep.choice.time_limit import ProgramEnding, run_within

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.process

WAITING = """
import os, pathlib, subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {worker.pid}")
try:
    time.sleep(600)
except KeyboardInterrupt:
    sys.exit(130)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _ctrl_c_interrupts() -> Iterator[None]:
    """Let Ctrl-C interrupt, here and in what is started: a shell has programs behind ignore it."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def test_its_exit_code_is_told() -> None:
    words = [sys.executable, "-c", "raise SystemExit(3)"]
    assert run_within(words, 60) == ProgramEnding(3)


def test_when_the_time_is_over_it_is_asked_to_stop() -> None:
    code = "import time\ntry: time.sleep(600)\nexcept KeyboardInterrupt: raise SystemExit(130)"
    ending = run_within([sys.executable, "-c", code], 3)
    assert ending.overran
    assert ending.code not in (0, -signal.SIGKILL)  # however far it had come by then


def test_what_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "ENDING_SECONDS", 0.2)
    ending = run_within([sys.executable, "-c", STUBBORN], 2)
    assert ending.overran
    assert ending.code in (-signal.SIGKILL, -signal.SIGINT)


def test_ctrl_c_here_stops_it_and_its_workers_and_is_not_raised(tmp_path: Path) -> None:
    told = tmp_path / "pids"

    def interrupt() -> None:
        while not told.exists() or len(told.read_text().split()) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    ending = run_within([sys.executable, "-c", WAITING, str(told)], 120)

    assert ending == ProgramEnding(130, interrupted=True)
    assert not any(_is_running(int(pid)) for pid in told.read_text().split())


def _is_running(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                return False
        except (ProcessLookupError, FileNotFoundError):
            return False
        time.sleep(0.05)
    return True
