"""Whether runs were trained for fewer epochs than their recipe has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.shortened_schedule import (
    describe_shortened,
    recipe_epochs,
)
from ensemble_switchover.api.composition import compose
from ensemble_switchover.results.from_run_spec import recipe_record
from tests.factories import make_record

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def _trained(*overrides: str) -> Record:
    """Return a record with the family, the data set and the recipe of a configuration."""
    spec = compose("logger=none", *overrides).spec
    record = make_record(dataset={"name": spec.dataset.name})
    return replace(
        record,
        recipe=recipe_record(spec),
        design=replace(record.design, family=spec.family.name),
        config={"dataset": {"base": spec.dataset.base}},
    )


@pytest.mark.parametrize(
    ("overrides", "own"),
    [
        (("arch=resnet", "dataset=cifar10", "epochs=14"), 250),
        (("arch=resnet", "dataset=cifar10", "recipe.epochs=14"), 250),
        (("arch=resnet", "dataset=cifar10", "recipe.epochs=20", "epochs=14"), 250),
        (("arch=resnet", "dataset=cifar100_randaugment", "epochs=14"), 500),
        (("arch=vgg", "dataset=cifar100", "epochs=14"), 250),
        (("dataset=digits", "epochs=15"), 20),
        (("dataset=cifar10", "recipe=airbench", "epochs=3"), 10),
        (("arch=densenet", "dataset=cifar10", "recipe=sgd_cosine", "epochs=14"), 120),
    ],
)
def test_a_schedule_that_was_scaled_down_is_known_with_the_recipes_own_epochs(
    overrides: tuple[str, ...], own: int
) -> None:
    record = _trained(*overrides)
    assert recipe_epochs(record) == own
    clause = f"after a schedule of {record.recipe.epochs} epochs in place of the recipe's {own}"
    assert describe_shortened([record, record]) == clause


@pytest.mark.parametrize(
    "overrides",
    [
        ("arch=resnet", "dataset=cifar10"),
        ("arch=resnet", "dataset=cifar10", "epochs=300"),
        ("dataset=digits",),
        ("dataset=cifar10", "recipe=airbench"),
        ("dataset=cifar10", "recipe=sgd_cosine", "recipe.epochs=14"),
    ],
)
def test_a_recipes_own_schedule_a_longer_one_and_one_that_the_user_states_are_not_shortened(
    overrides: tuple[str, ...],
) -> None:
    record = _trained(*overrides)
    assert describe_shortened([record]) is None


def test_a_recipe_whose_last_images_were_spread_over_the_batches_is_still_known() -> None:
    record = _trained("dataset=digits", "epochs=15")
    name = f"{record.recipe.name}, last images spread over the batches"
    spread = replace(record, recipe=replace(record.recipe, name=name))
    assert recipe_epochs(spread) == 20


def test_a_recipe_of_which_the_record_tells_nothing_is_not_called_shortened() -> None:
    record = make_record()
    assert record.recipe.name == "custom"
    assert recipe_epochs(record) is None
    assert describe_shortened([record]) is None


def test_several_schedules_are_told_as_a_range_and_whole_ones_are_passed_over() -> None:
    short, longer, whole = (
        _trained("arch=resnet", "dataset=cifar10", f"epochs={epochs}") for epochs in (1, 14, 250)
    )
    assert describe_shortened([short, longer, whole]) == (
        "after schedules of 1 to 14 epochs in place of the recipe's 250"
    )
    assert describe_shortened([short, whole]) == (
        "after a schedule of 1 epoch in place of the recipe's 250"
    )
    other = _trained("arch=resnet", "dataset=cifar100", "epochs=14")
    assert describe_shortened([longer, other]) == (
        "after schedules of 14 epochs in place of the recipe's 250 to 500"
    )
    assert describe_shortened([]) is None
