"""Callbacks that measure time and memory, by planted bytes and a clock moved by hand."""

from types import SimpleNamespace

import pytest
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.data import ImageDataModule
from ensemble_switchover.data.batches import EvaluationBatch, TrainingBatches
from ensemble_switchover.data.steps import Steps
from ensemble_switchover.measurement.memory import PeakMemory
from ensemble_switchover.runner import active_run, run
from ensemble_switchover.training import EnsembleModule, callbacks
from ensemble_switchover.training import fit as fitting
from ensemble_switchover.training.assemble import load_images
from ensemble_switchover.training.callbacks import MemoryCallback, TimingCallback
from ensemble_switchover.training.execution.sequential import Sequential
from ensemble_switchover.training.precision import FLOAT32


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
            for batch in (Steps(group, 0, False, tuple), Steps(group, 1, True, tuple)):
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


@pytest.fixture
def slowed(monkeypatch):
    """Let every call of a method, or every batch, take seconds on a clock moved by hand."""
    clock = ManualClock()
    monkeypatch.setattr(fitting, "TimingCallback", lambda k: TimingCallback(k, clock))

    def slow(owner, name, seconds):
        original = getattr(owner, name)

        def method(self, *arguments):
            clock.now += seconds
            return original(self, *arguments)

        monkeypatch.setattr(owner, name, method)

    def slow_batches(seconds):
        original = TrainingBatches.group_batches

        def batches(self, group, epoch):
            for batch in original(self, group, epoch):
                clock.now += seconds
                yield batch

        monkeypatch.setattr(TrainingBatches, "group_batches", batches)

    slow.clock, slow.batches = clock, slow_batches
    return slow


@pytest.mark.usefixtures("every_epoch_kept")
def test_every_second_counts_where_it_is_spent(slowed, monkeypatch, tiny_spec):
    """Train 2 members for 3 epochs of 3 steps and an evaluation batch; a digit for each wait."""
    clock = slowed.clock

    class SlowLog:
        def start(self, *_):
            clock.now += 1_000_000

        def epoch(self, *_):
            clock.now += 1_000_000

    def write_slowly(folder, checkpoint):
        clock.now += 100_000_000

    slowed(EnsembleModule, "training_step", 1)  # of a member in an epoch
    slowed.batches(10)
    slowed(EnsembleModule, "validation_step", 100)
    slowed(EnsembleModule, "on_validation_epoch_end", 1_000)
    slowed(Sequential, "prepare", 10_000)
    monkeypatch.setattr(active_run, "write_checkpoint", write_slowly)
    spec, config = tiny_spec(
        "design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=3",
        "measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0",
    )  # fmt: skip
    begin = clock.now
    epochs = run.train_and_measure(spec, config, log=SlowLog()).epochs
    for epoch in epochs:
        assert epoch.training_seconds == 2 * 1 + 2 * 3 * 10
        assert epoch.member_training_seconds == [1 + 3 * 10] * 2
        assert epoch.evaluation_seconds % 10_000 == 2 * 100 + 1_000  # there, moving may count
    waited = int(clock.now - begin)
    assert waited // 100_000_000 == 3
    assert waited % 100_000_000 // 1_000_000 == 1 + 3
    assert waited % 1_000_000 // 10_000 >= 3 * 2
    assert [epoch.warm_up for epoch in epochs] == [True, False, False]
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]


def test_only_evaluated_epochs_touch_the_images_that_are_measured_on(tiny_spec, monkeypatch):
    """No batch is predicted, moved or taken from the data module after the others."""
    seen, results = [], []
    for owner, name in (
        (EnsembleModule, "validation_step"),
        (ImageDataModule, "transfer_batch_to_device"),
    ):
        original = getattr(owner, name)

        def noted(self, *arguments, original=original, name=name):
            if name == "validation_step" or isinstance(arguments[0], EvaluationBatch):
                seen.append((self.trainer.current_epoch + 1, name))
            return original(self, *arguments)

        monkeypatch.setattr(owner, name, noted)
    spec, _ = tiny_spec("budget.depth=8", "budget.width=4", "epochs=5", "evaluate_every=2")
    device = torch.device("cpu")
    fitting.train_members(spec, ExecutionPlan(), load_images(spec), FLOAT32, device, results.append)
    assert {epoch for epoch, _ in seen} == {2, 4, 5}
    assert {name for _, name in seen} >= {"validation_step"}
    assert [result.probabilities is not None for result in results] == [False, True] * 2 + [True]
    assert all(result.step_losses.shape == (1, 3) for result in results)


def test_an_epoch_without_evaluation_has_no_seconds_of_it(slowed, tiny_spec):
    slowed(EnsembleModule, "training_step", 1)
    slowed(EnsembleModule, "validation_step", 100)
    small = ("budget.depth=8", "budget.width=4", "epochs=5", "evaluate_every=2")
    spec, config = tiny_spec(*small, "measurement.latency_batch_sizes=[]")
    epochs = run.train_and_measure(spec, config).epochs
    assert [epoch.evaluation_seconds for epoch in epochs] == [0, 100, 0, 100, 100]
    assert [epoch.training_seconds for epoch in epochs] == [1] * 5
