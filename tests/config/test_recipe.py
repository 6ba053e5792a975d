"""Recipes, and what they have beyond Table A's kind."""

from dataclasses import replace

import pytest

from ensemble_switchover.config.recipe import ADDITIONS
from ensemble_switchover.config.schedule import Schedule
from ensemble_switchover.config.table_a import DIGITS_RECIPE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", {"_target_": "torch.optim.Adam"}),
        ("decay", "weights"),
        ("label_smoothing", 0.1),
        ("mixup", 0.2),
        ("cutmix", 1.0),
        ("gradient_clip", 1.0),
        ("ema_decay", 0.9),
        ("loss", {"_target_": "torch.nn.NLLLoss"}),
    ],
)
def test_what_is_not_table_as_kind_is_an_addition(name, value):
    assert name in ADDITIONS
    assert replace(DIGITS_RECIPE, **{name: value}).additions == {name: value}


def test_a_schedule_is_told_by_what_is_not_usual_of_it():
    recipe = replace(DIGITS_RECIPE, schedule=Schedule(name="cosine", warmup_epochs=2.0))
    assert recipe.additions == {"schedule": {"name": "cosine", "warmup_epochs": 2.0}}
    assert DIGITS_RECIPE.additions == {}


def test_a_schedules_share_is_of_the_rate_after_a_drop():
    recipe = replace(DIGITS_RECIPE, schedule=Schedule(warmup_epochs=2.0))
    assert recipe.learning_rate_at(0, 0, 5) == pytest.approx(0.01)
    assert recipe.learning_rate_at(12, 0, 5) == 0.01
