"""Schedules of the learning rate, against torch's."""

import warnings

import pytest
import torch

from ensemble_switchover.config.recipe import Recipe
from ensemble_switchover.config.schedule import Schedule
from ensemble_switchover.training.learning_rates import learning_rates

STEPS, EPOCHS, RATE = 7, 6, 0.3


def ours(**schedule):
    recipe = Recipe(
        name="test", epochs=EPOCHS, batch_size=8, learning_rate=RATE, drops=(), weight_decay=0,
        schedule=Schedule(**schedule),
    )  # fmt: skip
    rate_at = learning_rates(recipe, STEPS)
    return [rate_at(epoch, step) for epoch in range(EPOCHS) for step in range(STEPS)]


def torchs(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE, momentum=0.9)
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = make(optimizer)
        for _ in range(STEPS * EPOCHS):
            rates.append(optimizer.param_groups[0]["lr"])
            if len(rates) < STEPS * EPOCHS:
                scheduler.step()
    return rates


def test_a_cosine_is_torchs():
    expected = torchs(
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, STEPS * EPOCHS, eta_min=0.03)
    )
    assert ours(name="cosine", end=0.1) == pytest.approx(expected)


@pytest.mark.parametrize(("curve", "torch_name"), [("cosine", "cos"), ("linear", "linear")])
def test_one_cycle_is_torchs(curve, torch_name):
    expected = torchs(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(
            o, RATE, total_steps=STEPS * EPOCHS, pct_start=0.25, div_factor=20,
            final_div_factor=50, anneal_strategy=torch_name,
        )
    )  # fmt: skip
    found = ours(name="one_cycle", start=1 / 20, peak=0.25, end=1 / 1000, curve=curve)
    assert found == pytest.approx(expected)


def test_a_warm_up_rises_batch_by_batch_to_the_rate():
    rates = ours(name="constant", warmup_epochs=2)
    assert rates[:14] == pytest.approx([RATE * (step + 1) / 14 for step in range(14)])
    assert set(rates[14:]) == {RATE}


@pytest.mark.parametrize("epochs", [3, 12])
def test_a_schedule_moves_with_the_number_of_epochs(epochs):
    recipe = Recipe(
        name="test", epochs=6, batch_size=8, learning_rate=1.0, drops=(), weight_decay=0,
        schedule=Schedule(name="cosine", warmup_epochs=2),
    ).scaled_to(epochs)  # fmt: skip
    assert recipe.schedule.warmup_epochs == epochs / 3
    assert recipe.learning_rate_at(epochs - 1, 99, 100) < 0.01
