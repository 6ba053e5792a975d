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
from ensemble_switchover.machine.worker_processes import START_METHOD, WorkerProcesses

pytestmark = pytest.mark.process

IMPORTED_BY = os.getpid()


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


def led(lead, *arguments):
    """Let a new process lead a crew, so that this one starts no server; return what it sends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    leader = context.Process(target=lead, args=(theirs, *arguments))
    leader.start()
    theirs.close()  # so that it is the end of the file where the leader fails
    sent = ours.recv_bytes().decode()
    leader.join()
    return sent


def _lead_one_that_answers_and_one_that_vanishes(connection):
    with WorkerProcesses() as crew:
        crew.start("the first", _answer, "here")
        crew.start("the second", _vanish)
        answer = crew.receive(0)
        with pytest.raises(ProcessEndedError) as error:
            crew.receive(1)
        connection.send_bytes(answer + b": " + str(error.value).encode())


def test_a_crew_answers_and_one_that_was_killed_is_named():
    sent = led(_lead_one_that_answers_and_one_that_vanishes)
    assert sent.startswith("here: the process of the second was ended (exit code -9; ")


def _leave(connection, path):
    """End a crew, and wait until it has ended."""
    with WorkerProcesses() as crew:
        crew.start("one", _wait_for_ever, path)
        crew.receive(0)
    connection.send_bytes(b"ended" if has_ended(int(path.read_text())) else b"alive")


def test_leaving_ends_all(tmp_path):
    assert led(_leave, tmp_path / "process") == "ended"


def _tell_origin(connection):
    facts = f"{IMPORTED_BY} {os.getpid()} {os.getppid()} {os.environ.get('OF_NOW')}"
    connection.send_bytes(facts.encode())


def _tell_origins(connection):
    """Send what two processes tell of themselves, the second started in another environment."""
    with WorkerProcesses() as crew:
        for number in range(2):
            os.environ["OF_NOW"] = str(number)
            crew.start(str(number), _tell_origin)
        connection.send_bytes(b"\n".join(crew.receive(number) for number in range(2)))


@pytest.mark.skipif(START_METHOD == "spawn", reason="there is no server")
def test_their_module_is_imported_once_and_their_environment_is_of_now():
    first, second = (line.split() for line in led(_tell_origins).splitlines())
    server = first[2]
    assert (first[0], second[0], second[2]) == (server, server, server)
    assert len({server, first[1], second[1]}) == 3
    assert (first[3], second[3]) == ("0", "1")


def test_a_signal_to_all_while_the_server_starts_ends_the_leader_alone(tmp_path):
    code = (
        "import os, signal\n"
        "from tests.machine.test_worker_processes import _answer\n"
        "from ensemble_switchover.machine.worker_processes import WorkerProcesses\n"
        "from multiprocessing import forkserver\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it behind &\n"
        "start = forkserver.ensure_running\n"
        "def disturb():\n"
        "    start()\n"
        "    signal.signal(signal.SIGTERM, lambda *_: None)\n"
        "    os.killpg(0, signal.SIGTERM)\n"
        "    os.killpg(0, signal.SIGINT)\n"
        "forkserver.ensure_running = disturb\n"
        "try:\n"
        "    WorkerProcesses().start('one', _answer, 'here')\n"
        "except KeyboardInterrupt:\n"
        "    forkserver.ensure_running = start\n"
        "    with WorkerProcesses() as crew:\n"
        "        crew.start('one', _answer, 'still here')\n"
        "        print(crew.receive(0).decode())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        timeout=60,
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("still here\n", "", 0)


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
    theirs.close()
    assert ours.recv_bytes() == b"ready"
    leader.kill()
    leader.join()
    assert has_ended(int((tmp_path / "process").read_text()))


def test_a_script_that_starts_them_unguarded_is_not_run_again(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from tests.machine.test_worker_processes import _answer\n"
        "from ensemble_switchover.machine.worker_processes import WorkerProcesses\n"
        "with WorkerProcesses() as crew:\n"
        "    crew.start('one', _answer, 'here')\n"
        "    print(crew.receive(0).decode())\n"
    )
    ended = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("here\n", "", 0)
