"""The first checkpoint is due at once, and another some seconds after the last."""

from types import SimpleNamespace

from ensemble_switchover.training.checkpoint_pace import MAX_LOST_SECONDS, CheckpointPace


def test_few_are_due_and_no_more_than_the_seconds_between_them_are_lost():
    clock = SimpleNamespace(now=100.0)
    pace = CheckpointPace(lambda: clock.now)
    moments = []
    for _ in range(200):
        clock.now += 0.125  # an epoch
        if pace.is_due():
            pace.tried()
            moments.append(clock.now)
    assert moments == [100.125 + number * MAX_LOST_SECONDS for number in range(5)]
