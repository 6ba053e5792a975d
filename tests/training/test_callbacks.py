"""Callbacks that measure time and memory, by planted bytes and a clock moved by hand."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch

from ensemble_switchover.data.batches import GroupEpoch
from ensemble_switchover.measurement.memory import (
    PeakMemory,
)
from ensemble_switchover.runner import run
from ensemble_switchover.training import EnsembleModule, callbacks
from ensemble_switchover.training import fit as fitting
from ensemble_switchover.training.callbacks import MemoryCallback, TimingCallback


@pytest.fixture
def epoch_of(monkeypatch):
    """Run the callback through an epoch whose groups reach the given bytes."""

    def make(peaks, num_members):
        module, ends, resets = SimpleNamespace(device=torch.device("cpu")), iter(peaks.values()), []
        monkeypatch.setattr(callbacks, "reset_peaks", resets.append)
        monkeypatch.setattr(callbacks, "read_peaks", lambda device: next(ends))
        callback = MemoryCallback(num_members)
        callback.on_train_epoch_start(None, module)
        for number, group in enumerate(peaks):
            batch = GroupEpoch(group, iter(()))
            callback.on_train_batch_start(None, module, batch, number)
            callback.on_train_batch_end(None, module, None, batch, number)
        assert len(resets) == len(peaks)
        return callback

    return make


def _peaks(device_bytes, rss_bytes):
    reserved = None if device_bytes is None else 2 * device_bytes
    return PeakMemory(device_bytes=device_bytes, reserved_bytes=reserved, rss_bytes=rss_bytes)


def test_the_peak_is_of_every_member_and_the_highest_of_the_epoch(epoch_of):
    callback = epoch_of({(0,): _peaks(50, 7), (1,): _peaks(80, 5), (2,): _peaks(60, 6)}, 3)
    assert callback.peak == _peaks(80, 7)
    assert callback.member_device_bytes == [50, 80, 60]


def test_members_that_train_at_once_have_no_peak_of_their_own(epoch_of):
    callback = epoch_of({(0, 1): _peaks(50, 7)}, 2)
    assert callback.peak == _peaks(50, 7)
    assert callback.member_device_bytes == []


def test_a_cpu_tells_of_no_member(epoch_of):
    callback = epoch_of({(0,): _peaks(None, 7), (1,): _peaks(None, 9)}, 2)
    assert callback.peak == _peaks(None, 9)
    assert callback.member_device_bytes == []


class ManualClock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@contextmanager
def slowed(monkeypatch, clock, hook, seconds):
    original = getattr(EnsembleModule, hook)

    def slow(self, *arguments):
        clock.now += seconds
        return original(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(EnsembleModule, hook, slow)
        yield


@pytest.fixture
def measured(monkeypatch, tiny_spec):
    """Train 2 members for 2 epochs of 3 steps, 1 evaluation batch each, with one hook slowed."""

    def measure(hook, seconds):
        clock = ManualClock()
        monkeypatch.setattr(fitting, "TimingCallback", lambda k: TimingCallback(k, clock))
        spec, config = tiny_spec(
            "design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2"
        )
        with slowed(monkeypatch, clock, hook, seconds):
            record = run.train_and_measure(spec, config)
        return record.epochs

    return measure


def test_a_slow_evaluation_leaves_the_training_time_alone(measured):
    for epoch in measured("validation_step", 10.0):
        assert epoch.training_seconds == 0
        assert epoch.evaluation_seconds == pytest.approx(2 * 10.0)


def test_a_slow_step_is_training_time_and_not_evaluation(measured):
    for epoch in measured("training_step", 10.0):
        assert epoch.training_seconds == pytest.approx(2 * 10.0)
        assert epoch.member_training_seconds == pytest.approx([10.0, 10.0])
        assert epoch.evaluation_seconds == 0


def test_a_slow_metric_is_evaluation(measured):
    for epoch in measured("on_validation_epoch_end", 7.0):
        assert epoch.training_seconds == 0
        assert epoch.evaluation_seconds == pytest.approx(7.0)


def test_waiting_for_data_is_training_time(monkeypatch, tiny_spec):
    from ensemble_switchover.data.batches import TrainingBatches

    clock = ManualClock()
    monkeypatch.setattr(fitting, "TimingCallback", lambda k: TimingCallback(k, clock))
    original = TrainingBatches.group_batches

    def slow(self, group, epoch):
        for batch in original(self, group, epoch):
            clock.now += 4.0
            yield batch

    monkeypatch.setattr(TrainingBatches, "group_batches", slow)
    spec, config = tiny_spec("budget.depth=8", "budget.width=4")
    record = run.train_and_measure(spec, config)
    assert record.epochs[0].training_seconds == pytest.approx(3 * 4.0)


def test_a_slow_logger_and_a_slow_disk_change_no_figure(monkeypatch, tiny_spec):
    clock = ManualClock()
    monkeypatch.setattr(fitting, "TimingCallback", lambda k: TimingCallback(k, clock))

    class SlowLog:
        def start(self, *_):
            clock.now += 100.0

        def epoch(self, _):
            clock.now += 100.0

    def slow(folder, checkpoint):
        clock.now += 100.0

    monkeypatch.setattr(run, "write_checkpoint", slow)
    spec, config = tiny_spec("budget.depth=8", "budget.width=4", "epochs=2")
    record = run.train_and_measure(spec, config, log=SlowLog())
    assert clock.now == 100.0 + 100.0 + 4 * 100.0
    assert [epoch.training_seconds for epoch in record.epochs] == [0, 0]
    assert [epoch.evaluation_seconds for epoch in record.epochs] == [0, 0]


def test_the_first_epoch_is_marked_as_warm_up(tiny_spec):
    spec, config = tiny_spec("budget.depth=8", "budget.width=4", "epochs=3")
    epochs = run.train_and_measure(spec, config).epochs
    assert [epoch.warm_up for epoch in epochs] == [True, False, False]
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]


def test_moving_members_is_left_out(monkeypatch, tiny_spec):
    from ensemble_switchover.training.execution.sequential import Sequential

    clock = ManualClock()
    monkeypatch.setattr(fitting, "TimingCallback", lambda k: TimingCallback(k, clock))
    original = Sequential.prepare

    def slow(self, group):
        clock.now += 100.0
        original(self, group)

    monkeypatch.setattr(Sequential, "prepare", slow)
    spec, config = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=8")
    (epoch,) = run.train_and_measure(spec, config).epochs
    assert epoch.training_seconds == 0
