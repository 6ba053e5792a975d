"""The parts of a run's seconds add up to its wall clock, also over processes and shares."""

import itertools
from dataclasses import asdict

import pytest

from ensemble_switchover.runner import run_seconds
from ensemble_switchover.runner.run_seconds import RunSeconds, mark_end


@pytest.fixture
def seconds():
    ticks = itertools.count()
    return RunSeconds({}, clock=lambda: float(next(ticks)))


def test_each_part_is_what_passed_within_it(seconds):
    for name in ("data", "keeping", "keeping"):
        with seconds.part(name):
            pass
    seconds.add({"training": 5.0, "waiting": 3.0})
    record = seconds.record(10.0)
    assert (record.data, record.keeping, record.training, record.rest) == (1, 2, 5, 2)
    assert sum(asdict(record).values()) - record.waiting == 10.0


def test_a_part_that_raises_counts(seconds):
    with pytest.raises(KeyError), seconds.part("measuring"):
        raise KeyError
    assert seconds.parts == {"measuring": 1.0}


def test_the_rest_is_never_negative(seconds):
    seconds.add({"training": 2.0})
    assert seconds.record(1.5).rest == 0


def test_the_shares_of_a_group_add_up_to_it(seconds):
    seconds.add({"training": 6.0, "waiting": 3.0})
    share = seconds.share(3)
    share.add({"training": 1.0})  # of a former process of this one
    assert share.record(4.0).training == 3.0
    assert share.record(4.0).waiting == 1.0
    assert seconds.parts["training"] == 6.0


def test_an_unknown_part_is_a_mistake(seconds):
    with pytest.raises(AssertionError, match="lunch"):
        seconds.add({"lunch": 1.0})


def test_a_run_waits_since_the_one_before_or_since_the_process_started(monkeypatch):
    monkeypatch.setattr(run_seconds, "_former_end", None)
    monkeypatch.setattr(run_seconds, "process_age_seconds", lambda: 7.0)
    assert RunSeconds().parts == {"waiting": 7.0}
    monkeypatch.setattr(run_seconds, "process_age_seconds", lambda: None)
    assert RunSeconds().parts["waiting"] > 0
    ticks = itertools.count(100)
    monkeypatch.setattr(run_seconds.time, "perf_counter", lambda: float(next(ticks)))
    mark_end()
    assert RunSeconds().parts == {"waiting": 1.0}
