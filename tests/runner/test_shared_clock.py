"""The seconds of a process, divided among runs."""

import pytest

from ensemble_switchover.runner.shared_clock import SharedClock


def test_seconds_are_divided_among_the_runs_that_they_are_spent_on():
    now = 0.0
    clock = SharedClock(["a", "b"], clock=lambda: now)
    now = 10.0
    assert clock.seconds_of("a") == 5.0
    clock.spend_on(["a"])
    now = 13.0
    clock.spend_on(["b", "c"])
    now = 15.0
    assert [clock.seconds_of(name) for name in "abc"] == [8.0, 6.0, 1.0]
    assert sum(clock.seconds_of(name) for name in "abc") == pytest.approx(now)
