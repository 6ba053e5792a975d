"""How large a study is: every step down is a smaller one, and the largest that fits is chosen."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from ensemble_switchover.sweep.choice.study_size import (
    SizeRange,
    StudySize,
    image_sides,
    largest_that_fits,
    study_sizes,
)
from ensemble_switchover.sweep.hours_decision import LEAST_EPOCHS
from ensemble_switchover.sweep.next_runs import FIRST_BUDGETS

ALL = SizeRange(
    image_sides=image_sides(28, None),
    num_classes=10,
    train_images=48_000,
    keeps_all_images=False,
    epochs=250,
    keeps_epochs=False,
    budgets=(15, 25, 37, 50, 75, 100, 150, 200),
    keeps_budgets=False,
)


def _work(size: StudySize) -> float:
    return size.image_side**2 * size.epochs * size.train_images * sum(size.budgets)


def test_sizes_go_down_from_everything_to_the_least_of_each() -> None:
    sizes = study_sizes(ALL)

    assert sizes[0] == StudySize(
        image_side=28, train_images=48_000, epochs=250, budgets=ALL.budgets
    )
    assert all(_work(smaller) < _work(larger) for larger, smaller in pairwise(sizes))
    assert sizes[-1] == StudySize(
        image_side=12,
        train_images=1000,
        epochs=LEAST_EPOCHS,
        budgets=ALL.budgets[:FIRST_BUDGETS],
    )


def test_pixels_epochs_and_budgets_shrink_alike_and_images_last() -> None:
    sizes = study_sizes(ALL)
    halfway = sizes[len(sizes) // 2]
    with_all_images = [size for size in sizes if size.train_images == ALL.train_images]

    assert 12 < halfway.image_side < 28 or 20 < halfway.epochs < 200
    assert with_all_images == sizes[: len(with_all_images)]
    assert with_all_images[-1].epochs == LEAST_EPOCHS


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        (replace(ALL, keeps_epochs=True, epochs=6), "epochs"),
        (replace(ALL, image_sides=(20,)), "image_side"),
        (replace(ALL, keeps_budgets=True), "budgets"),
        (replace(ALL, keeps_all_images=True), "train_images"),
    ],
)
def test_what_the_user_states_stays(stated: SizeRange, name: str) -> None:
    sizes = study_sizes(stated)
    assert len({getattr(size, name) for size in sizes}) == 1
    assert len(sizes) > 3


def test_a_recipe_of_few_epochs_is_not_made_longer() -> None:
    assert {size.epochs for size in study_sizes(replace(ALL, epochs=5))} == {5}


def test_many_classes_keep_images_of_each() -> None:
    assert study_sizes(replace(ALL, num_classes=100))[-1].train_images == 2000


@pytest.mark.parametrize("allowed", [1e7, 1e9, 1e10, 1e15])
def test_the_largest_that_fits_is_that_of_a_plain_search(allowed: float) -> None:
    sizes = study_sizes(ALL)
    asked: list[StudySize] = []

    def seconds_of(size: StudySize) -> float:
        asked.append(size)
        return _work(size)

    found = largest_that_fits(sizes, seconds_of, allowed)

    assert found == next((size for size in sizes if _work(size) <= allowed), None)
    assert len(asked) <= 8


def test_images_are_never_enlarged_and_a_stated_side_is_the_only_one() -> None:
    assert image_sides(10, None) == (10,)
    assert image_sides(3, None) == (3,)
    assert image_sides(28, 40) == (40,)
