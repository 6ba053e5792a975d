from dataclasses import replace
from functools import partial

import pytest
import pytorch_lightning as lightning
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.config.trainer_flags import TrainerConfig
from ensemble_switchover.errors import TrainingError
from ensemble_switchover.runner.run import train_and_measure
from ensemble_switchover.training import fit as fitting
from ensemble_switchover.training.assemble import load_images
from ensemble_switchover.training.callbacks import EvaluationSchedule
from ensemble_switchover.training.precision import FLOAT32


@pytest.mark.parametrize("evaluate_every", ["1", "2", "milestones"])
def test_a_member_that_diverges_is_named_with_its_epoch_and_step(evaluate_every, tiny_spec):
    spec, config = tiny_spec(
        "arch=resnet",
        "budget.depth=8",
        "budget.width=4",
        "epochs=6",
        f"evaluate_every={evaluate_every}",
    )
    spec = replace(spec, recipe=replace(spec.recipe, learning_rate=1e30))
    with pytest.raises(TrainingError, match=r"member 0: .* not finite in epoch 1, step 2 of 3"):
        train_and_measure(spec, config)


class Watch(lightning.Callback):
    """Notes what a callback of the user is given of every batch."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.seen.append((batch, outputs, trainer.global_step))


MIXED = ("recipe=adamw_onecycle", "recipe.mixup=0.2", "recipe.ema_decay=0.9")


@pytest.mark.parametrize(
    ("execution", "recipe"), [("sequential", ()), ("fused", ()), ("fused", MIXED)]
)
def test_however_many_steps_are_taken_at_once_the_same_is_learnt(
    execution, recipe, tiny_spec, monkeypatch
):
    small = ("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2")
    spec, _ = tiny_spec(*small, *recipe)
    split, device, weights, losses = load_images(spec), torch.device("cpu"), {}, {}
    for at_once in ("auto", "1", "2"):
        watch = Watch()
        monkeypatch.setattr(fitting, "EvaluationSchedule", partial(_both, watch))
        own = replace(spec, trainer=TrainerConfig(steps_at_once=at_once))
        results = []
        plan = ExecutionPlan(execution)
        module, _ = fitting.train_members(own, plan, split, FLOAT32, device, results.append)
        weights[at_once] = module.ensemble.state_dict()
        losses[at_once] = torch.stack([result.step_losses for result in results])
        assert watch.seen[-1][2] == 2 * 3 * (2 if execution == "sequential" else 1)
        if at_once == "1":
            assert_steps_are_seen(watch.seen, losses["1"])
    for at_once in ("1", "2"):
        assert losses[at_once].equal(losses["auto"])
        for name, value in weights["auto"].items():
            assert weights[at_once][name].equal(value), name


def assert_steps_are_seen(seen, losses):
    """Every step came by once, with its batch and its losses, detached."""
    found = torch.zeros_like(losses)
    steps_of_epoch = len(seen) // 2
    for number, (batch, outputs, _) in enumerate(seen):
        epoch = number // steps_of_epoch
        found[epoch, list(batch.members), batch.start] = outputs["member_losses"]
        assert outputs["loss"] == outputs["member_losses"].mean()
        assert not outputs["loss"].requires_grad
        assert batch.batch.images.shape[0] == len(batch.members)
    assert found.equal(losses)


def _both(watch, epochs):
    """Put a watch into the place of the first callback."""
    schedule = EvaluationSchedule(epochs)
    watch.on_train_epoch_start = schedule.on_train_epoch_start
    watch.on_train_epoch_end = schedule.on_train_epoch_end
    return watch
