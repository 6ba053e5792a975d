"""Processes that work for another: they answer, and end with it, however that ends."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ensemble_switchover.errors import ProcessEndedError
from ensemble_switchover.machine.worker_processes import WorkerProcesses

pytestmark = pytest.mark.process


def _answer(connection, text):
    connection.send_bytes(text.encode())
    connection.recv_bytes()


def _vanish(connection):
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for_ever(connection, path):
    path.write_text(str(os.getpid()))
    connection.send_bytes(b"ready")
    time.sleep(600)


def _lead(connection, path):
    """Start another crew and be killed with it at work."""
    with WorkerProcesses() as crew:
        crew.start("the other", _wait_for_ever, path)
        crew.receive(0)
        connection.send_bytes(b"ready")
        time.sleep(600)


def has_ended(process_id):
    for _ in range(200):
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{process_id}/status")
        if status.exists() and "State:\tZ" in status.read_text():
            return True
        time.sleep(0.05)
    return False


def test_a_crew_answers_and_one_that_was_killed_is_named():
    with WorkerProcesses() as crew:
        crew.start("the first", _answer, "here")
        crew.start("the second", _vanish)
        assert crew.receive(0) == b"here"
        with pytest.raises(ProcessEndedError, match=r"the process of the second was ended .*-9"):
            crew.receive(1)


def test_leaving_ends_all(tmp_path):
    with WorkerProcesses() as crew:
        crew.start("one", _wait_for_ever, tmp_path / "process")
        crew.receive(0)
    assert has_ended(int((tmp_path / "process").read_text()))


def _forget(connection, path):
    """Start another crew, and come to an end without ending it."""
    crew = WorkerProcesses()
    crew.start("the other", _wait_for_ever, path)
    crew.receive(0)
    raise SystemExit


def test_they_end_with_one_that_forgot_them(tmp_path):
    code = (
        "from pathlib import Path\n"
        "from tests.machine.test_worker_processes import _forget\n"
        f"_forget(None, Path({str(tmp_path / 'process')!r}))\n"
    )
    command = [sys.executable, "-c", f"if __name__ == '__main__':\n    exec({code!r})"]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=60)
    assert has_ended(int((tmp_path / "process").read_text()))


def test_they_end_with_one_that_was_killed(tmp_path):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    leader = context.Process(target=_lead, args=(theirs, tmp_path / "process"))
    leader.start()
    assert ours.recv_bytes() == b"ready"
    leader.kill()
    leader.join()
    assert has_ended(int((tmp_path / "process").read_text()))
