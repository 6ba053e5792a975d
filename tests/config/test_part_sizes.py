"""Every class keeps an image in each part, or it is named before any image is read."""

import pytest

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError
from tests.config.image_folders import make_files
from tests.config.resolving import resolve_with

SPLIT_OFF = {"cat": 8, "dog": 8, "owl": 2}
GIVEN = {
    **{f"train/{name}": size for name, size in (("cat", 8), ("dog", 8), ("owl", 1))},
    **{f"test/{name}": size for name, size in (("cat", 2), ("dog", 2), ("owl", 1))},
}


@pytest.fixture
def resolve_folder(compose_config, tmp_path):
    def run(counts, *overrides):
        root = make_files(tmp_path / "own", counts)
        common = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
        return resolve(compose_config(*common, *overrides))

    return run


@pytest.mark.parametrize(
    ("counts", "overrides", "message"),
    [
        ({**SPLIT_OFF, "owl": 1}, [],
         "too few images of class owl (1): expected 2 or more of each, one to train on and one to "
         "test on (dataset.test_share=0.2); add images"),
        (SPLIT_OFF, ["dataset.validation_size=4"],
         "too few images of class owl (2): expected 3 or more of each, one to train on, one to "
         "validate on (dataset.validation_size=4) and one to test on (dataset.test_share=0.2); add "
         "images, or leave out dataset.validation_size"),
        (GIVEN, ["dataset.validation_size=4"],
         "too few images of class owl (1) to train on: expected 2 or more of each"),
        ({**GIVEN, "test/owl": 0}, [], "too few images of class owl (0): expected 1 or more"),
        ({"a": 0, "b": 1, "c": 5}, [], "too few images of the classes a (0) and b (1): expected 2"),
        ({"a": 0, "b": 5, "c": 5}, [], "add images, or move a folder without any elsewhere"),
    ],
)  # fmt: skip
def test_a_class_with_too_few_images_is_named(counts, overrides, message, resolve_folder):
    with pytest.raises(ConfigError) as error:
        resolve_folder(counts, *overrides)
    assert message in str(error.value)
    assert "remove" not in str(error.value)


@pytest.mark.parametrize(
    ("counts", "overrides"),
    [(SPLIT_OFF, []), (GIVEN, []), (SPLIT_OFF, ["dataset.train_size=9"])],
)
def test_enough_images_are_enough(counts, overrides, resolve_folder):
    resolve_folder(counts, *overrides)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["dataset.train_size=99"], "dataset.train_size=99: expected 100 (an image a class) to 50"),
        (["dataset=fractals", "dataset.num_classes=12", "dataset.train_images=10"],
         "dataset.train_size=10: expected an image of each of 12 classes, and fractals has 10"),
        (["dataset.test_size=50"], "dataset.test_size=50: expected 100 (an image a class) to 1000"),
        (["dataset.train_size=150", "dataset.validation_size=100"],
         "dataset.validation_size=100: 150 training images of 100 classes are too few to hold any "
         "out; expected 200 or more"),
        (["dataset.train_size=200", "dataset.validation_size=99"],
         "dataset.validation_size=99: expected 100 (an image a class) to 100"),
    ],
)  # fmt: skip
def test_a_part_that_is_smaller_than_the_number_of_classes_is_refused(overrides, message):
    if not overrides[0].startswith("dataset="):
        overrides = ["dataset=cifar100", *overrides]
    with pytest.raises(ConfigError) as error:
        resolve_with(*overrides)
    assert str(error.value).startswith(message)
