import os
import signal

import pytest

import ensemble_switchover
from ensemble_switchover import compose, load_record, train
from ensemble_switchover.errors import (
    ConfigError,
    EnsembleSwitchoverError,
    RecordError,
    TrainingError,
)
from ensemble_switchover.results.layout import RECORD_FILE, unfinished_folder
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.runner import run as runs
from ensemble_switchover.runner.active_run import ActiveRun
from tests.factories import make_record


@pytest.fixture
def tiny(tmp_path):
    """Compose a run on a few digits that trains in a moment."""

    def make(**keywords):
        return compose(
            *("dataset=digits", "dataset.train_size=40", "dataset.test_size=60", "logger=none"),
            *("budget.depth=8", "budget.width=4", "recipe.batch_size=16", "device=cpu"),
            *("measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0"),
            **{"results": tmp_path, "epochs": 2, "execution": "sequential", **keywords},
        )

    return make


def test_a_run_leaves_the_record_that_it_returns_and_is_not_trained_again(tiny, monkeypatch):
    run = tiny(design="deq", k=2)
    record = train(run)
    assert [epoch.epoch for epoch in record.epochs] == [1, 2]
    assert record == load_record(run.folder)
    assert {path.name for path in run.folder.iterdir()} >= {"weights.safetensors", "run.log"}
    monkeypatch.setattr(runs, "train_and_measure", None)
    assert train(run) == record


@pytest.mark.usefixtures("every_epoch_kept")
def test_an_interrupted_run_goes_on_from_its_checkpoint(tiny, monkeypatch):
    run = tiny(epochs=3)
    add_epoch, handler = ActiveRun.add_epoch, signal.default_int_handler
    before = signal.signal(signal.SIGINT, handler)  # shells start jobs in which it is ignored

    def interrupt_after_the_second(self, *arguments, **keywords):
        add_epoch(self, *arguments, **keywords)
        if self.num_epochs == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(ActiveRun, "add_epoch", interrupt_after_the_second)
        with pytest.raises(KeyboardInterrupt, match="goes on after epoch 2 of 3"):
            train(run)
    assert signal.signal(signal.SIGINT, before) is handler
    assert run_state(run.folder) is RunState.INTERRUPTED
    resumed = train(run)
    assert [epoch.warm_up for epoch in resumed.epochs] == [True, False, True]


def test_a_failure_raises_its_sentence_then_and_later(tiny, monkeypatch):
    run = tiny()

    def fail(*arguments, **keywords):
        raise TrainingError("member 0: the loss is not finite")

    monkeypatch.setattr(runs, "train_and_measure", fail)
    with pytest.raises(TrainingError, match="not finite"):
        train(run)
    with pytest.raises(TrainingError, match=r"failed before: .*retry=failed tries it again"):
        train(run)
    monkeypatch.setattr(
        runs, "train_and_measure", lambda spec, config, **_: make_record(name=spec.name)
    )
    assert train(tiny(retry="failed")).name == run.name


def test_a_run_of_another_process_and_a_damaged_record_are_left_alone(tiny):
    run = tiny()
    with (
        take_lock(unfinished_folder(run.folder)),
        pytest.raises(EnsembleSwitchoverError, match="is at it; left to that one"),
    ):
        train(run)
    run.folder.mkdir(parents=True)
    (run.folder / RECORD_FILE).write_text("{}")
    with pytest.raises(RecordError, match="it is reused once it can be read"):
        train(run)


def test_the_package_offers_what_it_lists():
    for name in ensemble_switchover.__all__:
        assert getattr(ensemble_switchover, name).__name__ == name
    assert set(ensemble_switchover.__all__) <= set(dir(ensemble_switchover))
    with pytest.raises(AttributeError, match="has no attribute 'fit'"):
        ensemble_switchover.fit  # noqa: B018


def test_what_is_no_run_is_refused():
    with pytest.raises(ConfigError, match=r"train\('run'\): expected a run, as compose"):
        train("run")
