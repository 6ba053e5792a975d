"""What is known of a data set before it is read."""

import pytest

from ensemble_switchover.config.dataset_spec import (
    SplitSizes,
    evaluated_on,
    split_sizes,
    without_idle,
)
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError
from tests.config.image_folders import make_files


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((), SplitSizes(300, 0, 1497)),
        (("dataset.validation_size=60",), SplitSizes(240, 60, 0, "validation")),
        (
            ("dataset.validation_size=60", "dataset.evaluate_on=validation"),
            SplitSizes(240, 60, 0, "validation"),
        ),
        (("dataset.validation_size=60", "dataset.evaluate_on=test"), SplitSizes(240, 60, 1497)),
        (
            ("dataset=cifar10", "dataset.validation_size=5000"),
            SplitSizes(45_000, 5_000, 0, "validation"),
        ),
    ],
)
def test_validation_images_come_out_of_the_training_images(overrides, expected, compose_config):
    dataset = compose_config(*overrides).dataset
    assert split_sizes(dataset) == expected
    assert evaluated_on(dataset) == expected.evaluated_on
    assert expected.evaluated == (expected.test or expected.validation)
    notes = resolve(compose_config(*overrides)).notes
    assert any("test images are not touched" in note for note in notes) == (expected.test == 0)


@pytest.mark.parametrize(
    "overrides",
    [
        ("dataset.test_size=0",),
        ("dataset.test_size=0", "dataset.evaluate_on=test"),
        ("dataset.test_size=0", "dataset.evaluate_on=test", "dataset.validation_size=60"),
    ],
)
def test_no_test_images_are_refused_where_they_are_measured_on(overrides, compose_config):
    with pytest.raises(ConfigError, match=r"dataset.test_size=0: expected 10 \(an image a class\)"):
        resolve(compose_config(*overrides))


def test_a_test_size_that_is_not_used_does_not_matter(compose_config):
    overrides = ("dataset.validation_size=60",)
    first = resolve(compose_config(*overrides)).fingerprint
    assert resolve(compose_config(*overrides, "dataset.test_size=100")).fingerprint == first


@pytest.mark.parametrize(
    ("override", "decides"),
    [
        ("dataset.skip_bad=true", False),
        ("dataset.test_share=0.4", False),
        ("dataset.split_seed=1", False),
        ("dataset.image_size=16", True),
    ],
)
def test_where_test_images_are_given_nothing_is_split(override, decides, tmp_path, compose_config):
    make_files(tmp_path, {"train/a": 5, "train/b": 3, "test/a": 2, "test/b": 1})
    overrides = ("dataset=folder", f"dataset.root={tmp_path}")
    plain, other = (resolve(compose_config(*overrides, *more)) for more in ((), (override,)))
    assert (plain.fingerprint != other.fingerprint) == decides
    assert set(plain.dataset_options) == {"content"}
    assert plain.dataset_options == other.dataset_options


@pytest.mark.parametrize(
    ("override", "decides"),
    [
        ("dataset.skip_bad=true", False),
        ("dataset.test_share=0.4", True),
        ("dataset.split_seed=1", True),
    ],
)
def test_where_test_images_are_split_off_the_seed_decides(
    override, decides, tmp_path, compose_config
):
    make_files(tmp_path, {"a": 10, "b": 10})
    overrides = ("dataset=folder", f"dataset.root={tmp_path}")
    plain, other = (resolve(compose_config(*overrides, *more)) for more in ((), (override,)))
    assert (plain.fingerprint != other.fingerprint) == decides
    assert set(plain.dataset_options) == {"content", "test_share"}


def test_keys_that_decide_nothing_are_at_rest_in_the_record(compose_config):
    overrides = ("dataset.augmentation=none", "dataset.crop_padding=3", "dataset.flip=true")
    used = without_idle(
        compose_config("dataset=cifar10", *overrides, "dataset.split_seed=7").dataset
    )
    assert (used.crop_padding, used.flip, used.split_seed) == (0, False, 0)
    overrides = ("dataset=cifar10", "dataset.train_size=100", "dataset.split_seed=7")
    same = compose_config(*overrides).dataset
    assert without_idle(same) == same


def test_an_image_that_is_too_large_is_refused(tmp_path, compose_config):
    make_files(tmp_path, {"a": 3, "b": 3})
    overrides = ("dataset=folder", f"dataset.root={tmp_path}", "dataset.image_size=1025")
    with pytest.raises(ConfigError, match=r"dataset.image_size=1025: expected 1 to 1024"):
        resolve(compose_config(*overrides))
