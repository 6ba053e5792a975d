"""One owner at a time, on one machine or several, whatever the clocks say."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ensemble_switchover.results import lock as lock_module
from ensemble_switchover.results.lock import Hold, RunLock, holder_of, last_heartbeat, take_lock

HOLDER = """
import sys, time
from pathlib import Path
from ensemble_switchover.results.lock import take_lock
lock = take_lock(Path(sys.argv[1]))
print(type(lock).__name__, flush=True)
time.sleep(600)
"""

TAKER = """
import sys, time
from pathlib import Path
from ensemble_switchover.results import lock as lock_module
lock_module.STALE_SECONDS, lock_module.POLL_SECONDS = 0.2, 0.02
sys.stdin.readline()
lock = lock_module.take_lock(Path(sys.argv[1]))
print(type(lock).__name__, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def quick(monkeypatch):
    """Make hearts beat quickly."""
    monkeypatch.setattr(lock_module, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(lock_module, "STALE_SECONDS", 2.0)
    monkeypatch.setattr(lock_module, "HEARTBEAT_POLL_SECONDS", 0.02)


@pytest.fixture
def elsewhere(monkeypatch):
    """Let whoever looks be on another machine than the owners of locks so far."""

    def move():
        monkeypatch.setattr(lock_module, "this_machine", lambda: "another machine")

    return move


def hold_and_die(folder):
    """Take a lock in another process, and kill that."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"RunLock\n"
    holder.send_signal(signal.SIGKILL)
    return holder


def bury(holder):
    holder.wait()
    holder.stdout.close()


def test_what_a_heart_beats_changes_and_that_of_a_dead_process_does_not(tmp_path, quick):
    assert last_heartbeat(tmp_path / "absent") is None
    with take_lock(tmp_path / "run"):
        first = last_heartbeat(tmp_path / "run")
        while last_heartbeat(tmp_path / "run") == first:
            time.sleep(0.01)
    assert last_heartbeat(tmp_path / "run") is None


def test_a_lock_is_held_by_one_and_free_after(tmp_path):
    folder = tmp_path / "run"
    with take_lock(folder) as lock:
        assert isinstance(lock, RunLock)
        other = take_lock(folder)
        assert isinstance(other, Hold)
        assert other.owner.pid == os.getpid()
        assert f"process {os.getpid()} of " in str(other)
        assert holder_of(folder).owner == other.owner
    assert holder_of(folder) is None
    assert not folder.exists()
    with take_lock(folder):
        pass


def test_what_is_unfinished_stays_when_a_lock_is_released(tmp_path):
    with take_lock(tmp_path):
        (tmp_path / "checkpoint").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


@pytest.mark.process
def test_the_lock_of_a_killed_process_is_taken_at_once(tmp_path):
    holder = hold_and_die(tmp_path)
    try:
        deadline = time.monotonic() + 30
        while holder_of(tmp_path) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        with take_lock(tmp_path) as lock:  # its parent has not heard yet that it ended
            assert isinstance(lock, RunLock)
    finally:
        bury(holder)
    with take_lock(tmp_path) as lock:
        assert isinstance(lock, RunLock)


def test_a_number_that_another_process_got_since_is_no_owner(tmp_path):
    with take_lock(tmp_path) as lock:
        values = json.loads(lock.path.read_text())
        lock.path.write_text(json.dumps({**values, "process_start": "1"}))
        assert holder_of(tmp_path) is None
        assert isinstance(take_lock(tmp_path), RunLock)


def test_a_heartbeat_of_another_machine_is_seen(tmp_path, quick, elsewhere):
    with take_lock(tmp_path) as lock:
        elsewhere()
        first = lock.path.stat().st_mtime_ns
        assert isinstance(take_lock(tmp_path), Hold)
        deadline = time.monotonic() + 30
        while lock.path.stat().st_mtime_ns == first and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lock.path.stat().st_mtime_ns != first


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0, 1e9])
def test_a_clock_that_jumps_makes_no_lock_stale(jump, tmp_path, quick, elsewhere, monkeypatch):
    real = time.time
    with take_lock(tmp_path):
        elsewhere()
        monkeypatch.setattr(lock_module.time, "time", lambda: real() + jump)
        assert isinstance(take_lock(tmp_path), Hold)


def test_a_file_server_whose_clock_jumps_makes_no_lock_stale(tmp_path, quick, elsewhere):
    with take_lock(tmp_path) as lock:
        elsewhere()
        stopped = threading.Event()

        def jump():
            while not stopped.wait(0.03):
                os.utime(lock.path, (1e9 + time.monotonic(), 1e9 + time.monotonic()))

        clock = threading.Thread(target=jump)
        clock.start()
        try:
            assert isinstance(take_lock(tmp_path), Hold)
        finally:
            stopped.set()
            clock.join()


@pytest.mark.process
def test_a_heart_that_stands_still_is_stale_on_another_machine(tmp_path, monkeypatch, elsewhere):
    monkeypatch.setattr(lock_module, "STALE_SECONDS", 0.3)
    monkeypatch.setattr(lock_module, "HEARTBEAT_POLL_SECONDS", 0.02)
    holder = hold_and_die(tmp_path)
    bury(holder)
    elsewhere()
    time.sleep(0.4)
    assert holder_of(tmp_path) is None
    begin = time.monotonic()
    with take_lock(tmp_path) as lock:
        assert isinstance(lock, RunLock)
    assert time.monotonic() - begin >= 0.3  # it was watched, not told by the clock


@pytest.mark.process
def test_the_patient_watch_a_young_heartbeat_of_another_machine(tmp_path, monkeypatch, elsewhere):
    monkeypatch.setattr(lock_module, "STALE_SECONDS", 0.5)
    monkeypatch.setattr(lock_module, "HEARTBEAT_POLL_SECONDS", 0.02)
    bury(hold_and_die(tmp_path))
    elsewhere()
    assert isinstance(take_lock(tmp_path), Hold)  # its node may have died a moment ago
    with take_lock(tmp_path, patient=True) as lock:
        assert isinstance(lock, RunLock)


def test_the_patient_leave_a_beating_heart_alone(tmp_path, quick, elsewhere):
    with take_lock(tmp_path):
        elsewhere()
        assert isinstance(take_lock(tmp_path, patient=True), Hold)


def test_a_lock_without_an_owner_is_taken_when_its_heart_stands_still(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "STALE_SECONDS", 0.2)
    monkeypatch.setattr(lock_module, "HEARTBEAT_POLL_SECONDS", 0.02)
    (tmp_path / "1.lock").touch()
    assert isinstance(take_lock(tmp_path), Hold)
    os.utime(tmp_path / "1.lock", (1, 1))
    assert isinstance(take_lock(tmp_path), RunLock)


@pytest.mark.process
def test_of_many_takers_of_a_stale_lock_one_wins(tmp_path):
    for trial in range(3):
        folder = tmp_path / f"run{trial}"
        bury(hold_and_die(folder))
        takers = [
            subprocess.Popen(
                [sys.executable, "-c", TAKER, str(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for _ in range(4)
        ]  # fmt: skip
        for taker in takers:
            taker.stdin.write("go\n")
            taker.stdin.flush()
        won = [taker.stdout.readline().strip() for taker in takers]
        for taker in takers:
            taker.communicate("end\n")
        assert sorted(won) == ["Hold", "Hold", "Hold", "RunLock"]


def test_whoever_was_suspended_does_not_remove_the_lock_of_another(tmp_path):
    first = take_lock(tmp_path)
    path = first.path
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "pid": 1, "process_start": ""}))
    first.release()
    assert path.exists()


def test_a_lock_that_may_not_be_read_belongs_to_someone(tmp_path, monkeypatch):
    """Of another user, say, who shares the study's folder but not the right to read."""

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    with take_lock(tmp_path):
        monkeypatch.setattr(lock_module, "_read", refused)
        for hold in (take_lock(tmp_path), holder_of(tmp_path)):
            assert isinstance(hold, Hold)
            assert hold.owner is None
