"""The first checkpoint is due at once, and another some seconds after the last."""

from types import SimpleNamespace

from ensemble_switchover.machine import interruption
from ensemble_switchover.training.checkpoint_pace import MAX_LOST_SECONDS, CheckpointPace


def test_few_are_due_and_no_more_than_the_seconds_between_them_are_lost():
    clock = SimpleNamespace(now=100.0)
    pace = CheckpointPace(lambda: clock.now)
    moments = []
    for epoch in range(1, 201):
        clock.now += 0.125
        if pace.is_due(epoch):
            pace.tried()
            moments.append(clock.now)
    assert moments == [100.125 + number * MAX_LOST_SECONDS for number in range(5)]


def test_after_an_epoch_all_runs_of_a_group_are_kept_or_none():
    clock = SimpleNamespace(now=100.0)
    pace = CheckpointPace(lambda: clock.now)
    kept = {}
    for epoch in (1, 2, 3):
        kept[epoch] = []
        for _ in range(3):  # runs
            kept[epoch].append(pace.is_due(epoch))
            clock.now += MAX_LOST_SECONDS / 4  # it is written, or its metrics are
            if kept[epoch][-1]:
                pace.tried()
    assert kept == {1: [True] * 3, 2: [False] * 3, 3: [False] * 3}
    assert pace.is_due(4)


def test_before_the_process_ends_all_runs_of_a_group_are_kept_or_none(monkeypatch):
    pace = CheckpointPace(lambda: 100.0)
    assert pace.is_due(1)
    pace.tried()
    assert not pace.is_due(2)
    monkeypatch.setattr(interruption, "is_requested", lambda: True)
    assert not pace.is_due(2)  # another run of the group was not kept after this epoch
    assert pace.is_due(3)
