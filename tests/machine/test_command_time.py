"""The seconds of a command, from the start of its process."""

from ensemble_switchover.machine import command_time


def test_a_command_began_with_its_process(monkeypatch):
    monkeypatch.setattr(command_time, "_begin", None)
    monkeypatch.setattr(command_time, "_light_seconds", 0.0)
    assert command_time.seconds_since_begin() == 0.0
    now = [100.0]
    monkeypatch.setattr(command_time.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(command_time, "process_age_seconds", lambda: 3.0)
    command_time.mark_begin()
    now[0] += 7.0
    assert command_time.seconds_since_begin() == 10.0
    assert command_time.seconds_before_mark() == 3.0


def test_a_system_that_does_not_tell_begins_at_the_mark(monkeypatch):
    monkeypatch.setattr(command_time, "_begin", None)
    monkeypatch.setattr(command_time, "_light_seconds", 0.0)
    monkeypatch.setattr(command_time, "process_age_seconds", lambda: None)
    command_time.mark_begin()
    assert command_time.seconds_before_mark() == 0.0
