"""Callbacks of the user: made, called, and part of a checkpoint."""

import builtins
import itertools

import pytest
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import EarlyStopping

from ensemble_switchover.errors import ConfigError, TrainingError
from ensemble_switchover.machine import interruption
from ensemble_switchover.runner import run as run_module
from ensemble_switchover.runner.run import train_and_measure
from ensemble_switchover.training.user_callbacks import (
    LastValues,
    looks_at_batches,
    make_callbacks,
    plain_states,
)

HERE = __name__


class Noting(lightning.Callback):
    """Notes the metrics of every epoch, and how many batches came by."""

    seen: list[dict[str, float]] = []  # noqa: RUF012 - shared by all of a test
    batches = 0

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        Noting.batches += 1

    def on_train_epoch_end(self, trainer, pl_module):
        Noting.seen.append({key: float(v) for key, v in trainer.callback_metrics.items()})


class Failing(lightning.Callback):
    """Raises an error after the first batch."""

    def __init__(self, error):
        self.error = getattr(builtins, error)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        raise self.error("no more")


class Stepping(lightning.Callback):
    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        pass


class Odd(lightning.Callback):
    def state_dict(self):
        return {"seen": [object()]}


class Impatient(EarlyStopping):
    """Ends the training after its second look, whatever it sees."""

    looks = 0

    def on_validation_end(self, trainer, pl_module):
        self.looks += 1
        trainer.should_stop = trainer.should_stop or self.looks >= 2

    def on_train_epoch_end(self, trainer, pl_module):
        pass

    def state_dict(self):
        return {"looks": self.looks}

    def load_state_dict(self, state_dict):
        self.looks = state_dict["looks"]


@pytest.fixture
def run_with(tiny_spec, tmp_path, every_epoch_kept):
    def run(folder, *overrides):
        spec, config = tiny_spec(
            "epochs=5", "design=deq", "k=2", "budget.depth=8", "budget.width=8",
            f"results={tmp_path / folder}", "measurement.latency_batch_sizes=[]",
            "measurement.layer_repeats=0", *overrides,
        )  # fmt: skip
        return train_and_measure(spec, config)

    return run


def callback(kind, **arguments):
    return {"_target_": f"{HERE}.{kind.__name__}", **arguments}


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"_target_": "torch.nn.Identity"}, "expected a pytorch_lightning.Callback"),
        (callback(Stepping), "has on_before_optimizer_step, which is never called"),
        (callback(Noting, colour=1), "takes no arguments"),
        ({"_target_": f"{HERE}.Missing"}, "Missing"),
    ],
)
def test_what_is_no_callback_here_is_refused_in_a_sentence(part, problem):
    with pytest.raises(ConfigError, match=problem):
        make_callbacks({"mine": part})


def test_a_state_that_no_checkpoint_holds_is_refused():
    with pytest.raises(ConfigError, match=r"callbacks\.odd: its state_dict\(\) holds object"):
        plain_states({"odd": Odd(), "plain": Noting()})
    assert plain_states({"plain": Noting()}) == {}
    assert plain_states({"early": EarlyStopping("error")})["early"]["wait_count"] == 0


def test_only_hooks_of_the_users_own_ask_for_every_batch():
    assert looks_at_batches(Noting())
    assert not looks_at_batches(lightning.callbacks.LearningRateMonitor())
    assert not looks_at_batches(Impatient("error"))


def test_the_last_values_of_what_is_logged_are_taken():
    logger = LastValues()
    logger.log_metrics({"a": torch.tensor(1.0), "b": 2}, step=0)
    logger.log_metrics({"a": 3.0})
    assert logger.take({"b": torch.tensor(5.0), "epoch": 1}) == {"a": 3.0, "b": 5.0}
    assert logger.take() == {}


def test_callbacks_see_batches_and_the_errors_of_the_record(run_with):
    Noting.seen.clear()
    Noting.batches = 0
    plain, record = run_with("plain"), run_with("noted", f"+callbacks.a._target_={HERE}.Noting")
    assert Noting.batches == 5 * 3 * 2
    evaluated = [epoch.error_percent for epoch in record.epochs]
    assert [seen["error"] for seen in Noting.seen] == pytest.approx(evaluated)
    assert evaluated == [epoch.error_percent for epoch in plain.epochs]
    losses = [epoch.train_loss_nats for epoch in record.epochs[:-1]]
    assert [seen["train_loss"] for seen in Noting.seen[:-1]] == pytest.approx(losses)


def test_a_hook_that_fails_is_one_sentence(run_with):
    asked = f"+callbacks.a._target_={HERE}.Failing"
    with pytest.raises(TrainingError) as caught:
        run_with("failing", asked, "+callbacks.a.error=ValueError")
    text = str(caught.value)
    assert text.startswith(
        "callbacks.a: its on_train_batch_end fails with ValueError: no more (test_user_callbacks.py"
    )
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(OSError, match=r"^no more$"):  # the machine's, and so not of the run
        run_with("full", asked, "+callbacks.a.error=OSError")


@pytest.mark.parametrize("evaluate_every", ["1", "2"])
def test_a_run_that_is_stopped_early_is_finished_and_resumed_alike(
    evaluate_every, run_with, monkeypatch
):
    asked = (
        f"+callbacks.a._target_={HERE}.Impatient",
        "+callbacks.a.monitor=error",
        f"evaluate_every={evaluate_every}",
    )
    whole = run_with("whole", *asked)
    assert len(whole.epochs) == 2 * int(evaluate_every)
    assert whole.recipe.epochs == 5

    calls = itertools.count(1)

    def stop():
        if next(calls) in {2, 4}:
            raise KeyboardInterrupt

    monkeypatch.setattr(interruption, "check", stop)
    stops = 0
    while True:
        try:
            resumed = run_with("stopped", *asked)
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops >= 1
    assert [epoch.train_loss_nats for epoch in resumed.epochs] == [
        epoch.train_loss_nats for epoch in whole.epochs
    ]


def test_what_callbacks_log_goes_to_the_logger_of_the_run(run_with, monkeypatch):
    seen = []

    class Log(run_module.ActiveRun):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.log.epoch = lambda epoch, further=None: seen.append(further)

    monkeypatch.setattr(run_module, "ActiveRun", Log)
    run_with("logged", "callbacks=lr_monitor", "epochs=2", "execution=sequential")
    assert [set(further) for further in seen] == [{"lr-SGD", "lr-SGD-1"}] * 2
    assert seen[0]["lr-SGD"] == pytest.approx(0.1)
