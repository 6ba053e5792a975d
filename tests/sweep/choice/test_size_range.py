"""The sizes of a study follow from its overrides, its images, and the limit of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.sweep.choice.own_images import look_at
from ensemble_switchover.sweep.choice.size_range import size_range
from tests.sweep.choice.own_folders import make_images, make_study

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.sweep.choice.study_size import SizeRange


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_images(tmp_path / "own")


def _range(root: Path, *overrides: str, most: int | None = None) -> SizeRange:
    study = make_study(root, root.parent / "results", *overrides)
    return size_range(study, look_at(root, overrides), most)


def test_everything_is_free_without_overrides(root: Path) -> None:
    found = _range(root)
    assert found.image_sides == (20, 16, 12)
    assert (found.epochs, found.train_images, found.num_classes) == (250, 48, 2)
    assert found.budgets[:3] == (15_000, 25_000, 37_000)
    assert found.budgets[-1] == 3_200_000
    assert not (found.keeps_epochs)
    assert not (found.keeps_budgets)
    assert not (found.keeps_all_images)


def test_what_is_stated_is_kept(root: Path) -> None:
    found = _range(
        root, "epochs=7", "dataset.image_size=30", "budget.parameters=20k,40k",
        "dataset.train_size=30",
    )  # fmt: skip
    assert found.image_sides == (30,)
    assert (found.epochs, found.train_images, found.budgets) == (7, 30, ())
    assert found.keeps_epochs
    assert found.keeps_budgets
    assert found.keeps_all_images


def test_the_limit_of_parameters_is_the_largest_budget(root: Path) -> None:
    within = _range(root, most=60_000).budgets  # 50,000 leads to the network of 37,000 there
    assert within == (15_000, 25_000, 37_000, 60_000)
    assert _range(root, most=9_000_000).budgets[-1] == 9_000_000
    with pytest.raises(ConfigError, match=r"--parameters 9000: expected at least 15,000"):
        _range(root, most=9_000)


def test_a_mistake_among_the_overrides_is_named(root: Path) -> None:
    with pytest.raises(ConfigError, match="epochs"):
        _range(root, "epochs=0")


def test_budgets_that_are_too_small_for_a_family_drop_out(root: Path) -> None:
    assert _range(root, "arch=densenet", "k=2").budgets[0] > 15_000
    assert _range(root, "arch=wide_resnet").budgets[0] >= 400_000


@pytest.mark.parametrize("alone", ["design=single", "k=1", "design=deq"])
def test_one_class_alone_is_refused(root: Path, alone: str) -> None:
    with pytest.raises(ConfigError, match="nothing to compare with one design class"):
        _range(root, alone)
