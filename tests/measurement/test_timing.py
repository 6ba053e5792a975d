"""The stopwatch of members, with a clock moved by hand."""

from ensemble_switchover.measurement.timing import MemberStopwatch


class ManualClock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_splits_share_the_time_since_the_last_split():
    clock = ManualClock()
    watch = MemberStopwatch(3, clock)
    watch.start()
    clock.now += 2
    watch.split((0,))
    clock.now += 3
    watch.split((1, 2))
    clock.now += 50  # after the last split: evaluation
    assert watch.seconds == [2.0, 1.5, 1.5]


def test_a_new_epoch_starts_from_zero():
    clock = ManualClock()
    watch = MemberStopwatch(1, clock)
    for seconds in (5, 1):
        watch.start()
        clock.now += seconds
        watch.split((0,))
    assert watch.seconds == [1.0]
