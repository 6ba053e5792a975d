"""A run that was stopped goes on and ends as if it had not been."""

import itertools
import os
import signal
import time
from dataclasses import asdict, replace

import pytest
import torch

from ensemble_switchover.machine import interruption
from ensemble_switchover.results.layout import RECORD_FILE, checkpoint_folder
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner import active_run
from ensemble_switchover.runner.active_run import ActiveRun
from ensemble_switchover.runner.run import train_and_measure
from ensemble_switchover.tracking.loggers import MetricLog
from ensemble_switchover.tracking.metrics import epoch_metrics
from ensemble_switchover.training import checkpoint_pace
from ensemble_switchover.training.checkpoint import read_checkpoint
from ensemble_switchover.training.execution import EXECUTIONS
from tests import program, troubled

pytestmark = pytest.mark.slow

CLOCKS = {
    "waiting_share": 0.0,
    "compile_seconds": 0.0,
    "training_seconds": 0.0,
    "member_training_seconds": [],
    "evaluation_seconds": 0.0,
    "warm_up": False,
    "peak_rss_bytes": 0,
}


def timeless(epochs):
    return [replace(epoch, **CLOCKS) for epoch in epochs]


def last_weights(spec):
    return read_checkpoint(checkpoint_folder(spec.folder))


def assert_equal_states(first, second):
    assert first.num_epochs == second.num_epochs
    for ours, theirs in zip(first.members, second.members, strict=True):
        assert all(torch.equal(value, theirs.network[key]) for key, value in ours.network.items())
        for index, state in ours.optimizer["state"].items():
            other = theirs.optimizer["state"][index]
            assert all(torch.equal(value, other[name]) for name, value in state.items())
        assert ours.average.get("num_updates") == theirs.average.get("num_updates")
        for name, value in ours.average.get("tensors", {}).items():
            assert torch.equal(value, theirs.average["tensors"][name])


@pytest.fixture
def run_with(tiny_spec, tmp_path, no_warnings):
    def run(folder, *overrides):
        spec, config = tiny_spec(
            "epochs=4", "design=deq", "k=2", "budget.width=4", "budget.depth=8",
            f"results={tmp_path / folder}", *overrides,
        )  # fmt: skip
        return spec, train_and_measure(spec, config)

    return run


@pytest.mark.parametrize("execution", sorted(EXECUTIONS))
@pytest.mark.parametrize("evaluate_every", ["1", "3"])
def test_stopped_after_any_epoch_it_ends_the_same(execution, evaluate_every, run_with, monkeypatch):
    asked = (f"execution={execution}", f"evaluate_every={evaluate_every}")
    whole_spec, whole = run_with("whole", *asked)
    calls = itertools.count(1)

    def stop_now_and_then():
        if next(calls) in {1, 2, 4}:
            raise KeyboardInterrupt

    monkeypatch.setattr(interruption, "check", stop_now_and_then)
    stops = 0
    while True:
        try:
            spec, record = run_with("stopped", *asked)
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops == 3  # after epochs 1 and 2, and after the last
    assert timeless(record.epochs) == timeless(whole.epochs)
    assert [epoch.warm_up for epoch in record.epochs] == [True, True, True, False]
    assert_equal_states(last_weights(spec), last_weights(whole_spec))


RECIPES = [
    ("recipe=sgd_cosine",),
    ("recipe=adamw_onecycle",),
    ("recipe=airbench", "recipe.batch_size=16"),
    (
        "recipe/optimizer=adam", "recipe/schedule=constant", "recipe.schedule.warmup_epochs=2",
        "recipe.mixup=0.2", "recipe.cutmix=1", "recipe.ema_decay=0.9", "recipe.gradient_clip=0.1",
    ),
    (
        "recipe/schedule=scheduler", "recipe.schedule.interval=step",
        "recipe.schedule.scheduler._target_=torch.optim.lr_scheduler.ExponentialLR",
        "+recipe.schedule.scheduler.gamma=0.9",
    ),
]  # fmt: skip


@pytest.mark.parametrize("execution", sorted(EXECUTIONS))
@pytest.mark.parametrize("recipe", RECIPES)
def test_whatever_the_recipe_it_ends_the_same(execution, recipe, run_with, monkeypatch):
    asked = (f"execution={execution}", *recipe)
    whole_spec, whole = run_with("whole", *asked)
    stops = iter([KeyboardInterrupt])

    def stop_once():
        for stop in stops:
            raise stop

    monkeypatch.setattr(interruption, "check", stop_once)
    with pytest.raises(KeyboardInterrupt):
        run_with("stopped", *asked)
    spec, record = run_with("stopped", *asked)
    assert timeless(record.epochs) == timeless(whole.epochs)
    assert_equal_states(last_weights(spec), last_weights(whole_spec))


@pytest.fixture
def no_time_passes(monkeypatch):
    """Let no checkpoint be due after the first epoch."""
    monkeypatch.setattr(checkpoint_pace, "MAX_LOST_SECONDS", 1e9)


@pytest.fixture
def kept_epochs(monkeypatch):
    """Collect the epochs after which a checkpoint is written."""
    epochs, write = [], active_run.write_checkpoint

    def note(folder, checkpoint):
        write(folder, checkpoint)
        epochs.append(checkpoint.num_epochs)

    monkeypatch.setattr(active_run, "write_checkpoint", note)
    return epochs


@pytest.mark.usefixtures("no_time_passes")
def test_the_first_and_the_last_epoch_are_always_kept(run_with, kept_epochs):
    run_with("short")
    assert kept_epochs == [1, 4]


@pytest.mark.usefixtures("no_time_passes")
def test_an_epoch_that_ends_when_a_stop_was_asked_for_is_kept(run_with, kept_epochs, monkeypatch):
    requests = []

    def add_epoch(self, result, *rest):
        if result.epoch == 2:
            requests.append(
                signal.SIGTERM
            )  # within a destructor, where Python drops what it raises
        add(self, result, *rest)

    add = ActiveRun.add_epoch
    with monkeypatch.context() as patch:
        patch.setattr(ActiveRun, "add_epoch", add_epoch)
        patch.setattr(interruption, "_requests", requests)
        with pytest.raises(KeyboardInterrupt):
            run_with("stopped")
    assert kept_epochs == [1, 2]


@pytest.mark.usefixtures("no_time_passes")
def test_epochs_that_were_not_kept_are_trained_again(run_with, kept_epochs, monkeypatch):
    _, whole = run_with("whole")

    def add_three(self, result, *rest):
        if result.epoch == 4:
            raise KeyboardInterrupt
        add(self, result, *rest)

    add = ActiveRun.add_epoch
    with monkeypatch.context() as patch:
        patch.setattr(ActiveRun, "add_epoch", add_three)
        with pytest.raises(KeyboardInterrupt):
            run_with("killed")
    assert kept_epochs == [1, 4, 1]
    _, record = run_with("killed")
    assert kept_epochs == [1, 4, 1, 2, 4]
    assert timeless(record.epochs) == timeless(whole.epochs)


def test_the_seconds_are_those_of_the_training_and_not_of_the_pause(run_with, monkeypatch):
    monkeypatch.setattr(interruption, "check", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run_with("paused")
    monkeypatch.undo()
    spec, record = run_with("paused")
    kept = last_weights(spec)
    assert len(record.epochs) == 4
    assert record.wall_seconds > kept.wall_seconds > sum(e.training_seconds for e in record.epochs)
    seconds = asdict(record.seconds)
    assert seconds["training"] == pytest.approx(sum(e.training_seconds for e in record.epochs))
    assert seconds["evaluation"] == pytest.approx(sum(e.evaluation_seconds for e in record.epochs))
    assert min(seconds[part] for part in ("waiting", "data", "keeping", "measuring", "rest")) > 0
    assert sum(seconds.values()) - seconds["waiting"] == pytest.approx(record.wall_seconds)
    assert seconds["keeping"] > kept.seconds["keeping"] > 0


def test_epochs_of_a_former_process_are_logged_under_the_same_names(run_with, monkeypatch):
    logged = []

    def note(self, epoch, further=None):
        figures = epoch_metrics(epoch, self._spec.sizes.evaluated_on)
        logged.append((epoch.epoch, frozenset(figures)))

    monkeypatch.setattr(MetricLog, "epoch", note)
    with monkeypatch.context() as patch:
        patch.setattr(interruption, "check", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_with("paused", "dataset.validation_size=10")
    run_with("paused", "dataset.validation_size=10")
    assert [step for step, _ in logged] == [1, 1, 2, 3, 4]
    assert len({names for _, names in logged}) == 1
    assert "validation/error_percent" in logged[1][1]


def test_a_full_disk_costs_the_checkpoint_and_not_the_run(tiny_spec, monkeypatch, caplog):
    def full(folder, checkpoint):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(active_run, "write_checkpoint", full)
    spec, config = tiny_spec("epochs=2")
    record = train_and_measure(spec, config)
    assert len(record.epochs) == 2
    assert len(caplog.messages) == 2
    assert "no checkpoint after epoch 1" in caplog.messages[0]


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs copies of a process")
@pytest.mark.parametrize("plan", ["sequential", "fused"])
def test_killed_twenty_times_at_random_moments_it_ends_the_same(plan, tmp_path):
    answer = program.run(
        plan, str(tmp_path), folder=program.REPOSITORY, module="tests.killed_twenty_times"
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "20 kills\n"


def started(folder, module):
    return program.start(
        "logger=none", "epochs=3", "device=cpu", "threads=1", "dataset.train_size=40",
        "dataset.test_size=60", "measurement.latency_batch_sizes=[]", "design=deq", "k=2",
        "budget.depth=8", "budget.width=4", f"seed={troubled.WAIT[0]}", f"results={folder}",
        folder=program.REPOSITORY, module=module,
    )  # fmt: skip


def wait_for_checkpoint(folder, process):
    while process.poll() is None and not list(
        folder.glob("runs/.unfinished/*/checkpoints/*.checkpoint")
    ):
        time.sleep(0.02)


@pytest.mark.process
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)],
)
def test_a_killed_process_is_gone_on_from(tmp_path, number, code):
    folder = tmp_path / "killed"
    process = started(folder, "tests.troubled")  # waits after its first checkpoint
    wait_for_checkpoint(folder, process)
    os.kill(process.pid, number)
    _, complaint = process.communicate()
    assert process.returncode == code
    if number != signal.SIGKILL:
        assert complaint.splitlines()[-1].startswith("Interrupted. What is finished is kept")
    assert not list(folder.rglob(RECORD_FILE))
    output, _ = started(folder, "ensemble_switchover").communicate()
    assert "going on after epoch 1 of 3" in output
    (path,) = folder.rglob(RECORD_FILE)
    assert [epoch.epoch for epoch in read_record(path).epochs] == [1, 2, 3]
    assert not list(folder.glob("runs/.unfinished/*"))
