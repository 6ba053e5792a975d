"""Reductions of a study, the least first."""

from dataclasses import replace

import pytest

from ensemble_switchover.config.dataset_config import FolderConfig
from ensemble_switchover.sweep.smaller_study import (
    FEW_EPOCHS,
    LEAST_IMAGES_OF_A_CLASS,
    smaller_studies,
)
from tests.config.resolving import resolve_with


def studies(spec, *, fixed_epochs=False):
    return [study.words for study in smaller_studies([spec], fixed_epochs=fixed_epochs)]


@pytest.mark.parametrize(
    ("overrides", "sides"),
    [
        (["dataset=cifar10"], [16, 8]),
        (["dataset=tiny_imagenet"], [32, 16, 8]),
        (["dataset=tiny_imagenet", "dataset.image_size=24"], [16, 8]),
        (["dataset=cifar10", "dataset.image_size=8"], []),
    ],
)
def test_published_images_are_halved_first(overrides, sides):
    found = [study[0] for study in studies(resolve_with(*overrides, "epochs=20")) if study]
    asked = [f"dataset.image_size={side}" for side in sides]
    assert found[: len(sides)] == asked
    last = found[len(sides)]
    assert last == (asked[-1] if sides else "dataset.train_size=25000")


def test_images_of_few_pixels_keep_their_size_and_become_fewer(tiny_spec):
    spec, _ = tiny_spec("epochs=20", "dataset.train_size=1000")
    words = studies(spec)
    assert not any("image_size" in entry for study in words for entry in study)
    sizes = [int(study[0].partition("=")[2]) for study in words if len(study) == 1]
    assert sizes == [500]
    assert all(size >= LEAST_IMAGES_OF_A_CLASS * spec.task.num_classes for size in sizes)
    assert [study[-1] for study in words[-2:]] == [f"epochs={few}" for few in FEW_EPOCHS]


def test_a_folders_images_become_smaller_first(tiny_spec):
    spec, _ = tiny_spec("epochs=20")
    folder = replace(
        spec,
        dataset=FolderConfig(name="folder", channels=1, image_size=28, num_classes=10),
        task=replace(spec.task, size=28),
    )
    words = studies(folder)
    assert [study for study in words if len(study) == 1][:4] == [
        [f"dataset.image_size={side}"] for side in (24, 16, 12, 8)
    ]
    assert all(study[0] == "dataset.image_size=8" for study in words[4:])


def test_stated_epochs_come_down_to_ten_first(tiny_spec):
    spec, _ = tiny_spec("epochs=100")
    words = studies(spec, fixed_epochs=True)
    assert words[0] == ["epochs=10"]
    assert all("epochs=10" in study for study in words[: -len(FEW_EPOCHS)])
    few, _ = tiny_spec("epochs=2")
    assert not any("epochs" in entry for study in studies(few) for entry in study)
