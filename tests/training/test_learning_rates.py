"""The learning rates of torch's schedulers."""

import pytest
import torch

from ensemble_switchover.config.recipe import Recipe
from ensemble_switchover.config.schedule import Schedule
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.training.learning_rates import learning_rates


def rates_of(name, interval="epoch", **arguments):
    scheduler = {"_target_": f"torch.optim.lr_scheduler.{name}", **arguments}
    recipe = Recipe(
        name="test", epochs=4, batch_size=8, learning_rate=0.4, drops=(), weight_decay=0,
        schedule=Schedule(name="scheduler", scheduler=scheduler, interval=interval),
    )  # fmt: skip
    return learning_rates(recipe, steps_per_epoch=5)


def test_a_scheduler_steps_after_epochs_or_after_batches():
    by_epoch = rates_of("StepLR", step_size=2, gamma=0.5)
    assert [by_epoch(epoch, 3) for epoch in range(4)] == [0.4, 0.4, 0.2, 0.2]
    by_step = rates_of("StepLR", "step", step_size=2, gamma=0.5)
    assert [by_step(0, step) for step in range(5)] == pytest.approx([0.4, 0.4, 0.2, 0.2, 0.1])
    assert by_step(1, 0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("StepLr", {"step_size": 1}, "StepLr: "),
        ("StepLR", {}, "StepLR: .*step_size"),
        ("OneCycleLR", {"max_lr": 1, "total_steps": 4}, r"\+recipe.*\.cycle_momentum=false"),
        (
            "OneCycleLR",
            {"max_lr": 1, "total_steps": 2, "cycle_momentum": False},
            "fails after 3 of 4 steps: ",
        ),
        ("CosineAnnealingLR", {"T_max": 0}, "fails after 1 of 4 steps: .*zero"),
    ],
)
def test_what_cannot_be_a_schedule_is_one_sentence(name, arguments, message):
    with pytest.raises(ConfigError, match=message):
        rates_of(name, **arguments)


def test_a_momentum_that_moves_and_comes_back_is_found():
    with pytest.raises(ConfigError, match="moves the momentum as well"):
        rates_of("CyclicLR", "step", base_lr=0.1, max_lr=1, step_size_up=10)


def test_a_timing_pass_may_go_on_after_the_last_epoch():
    assert rates_of("StepLR", step_size=3)(5, 1) == pytest.approx(0.04)


def test_nothing_of_torch_is_touched():
    before = torch.random.get_rng_state()
    rates_of("CosineAnnealingLR", T_max=4)
    assert torch.equal(torch.random.get_rng_state(), before)
