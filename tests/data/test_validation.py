"""Images held out of the training images, in place of the test images."""

import numpy as np
import pytest

from ensemble_switchover.data import load_dataset
from ensemble_switchover.errors import DataError


def rows(images):
    return {image.numpy().tobytes() for image in images}


@pytest.fixture
def digits(compose_config):
    return compose_config("dataset=digits").dataset


def test_held_out_images_are_not_trained_on(digits):
    whole = load_dataset(digits, 300, 1497)
    found = load_dataset(digits, 240, 0, validation_size=60)
    assert (len(found.train), len(found.test)) == (240, 60)
    assert rows(found.train.images) | rows(found.test.images) == rows(whole.train.images)
    assert not rows(found.train.images) & rows(found.test.images)
    assert not rows(found.test.images) & rows(whole.test.images)


def test_the_test_images_stay_the_same_beside_them(digits):
    whole = load_dataset(digits, 300, 1497)
    found = load_dataset(digits, 240, 1497, validation_size=60)
    held_out = load_dataset(digits, 240, 0, validation_size=60)
    assert (found.test.images == whole.test.images).all()
    assert (found.train.images == held_out.train.images).all()


def test_the_classes_keep_their_shares_and_the_seed_decides(digits):
    found = load_dataset(digits, 400, 0, validation_size=100)
    counts = np.bincount(found.test.labels)
    assert counts.sum() == 100
    assert counts.min() >= 9
    assert counts.max() <= 11
    digits.split_seed = 1
    other = load_dataset(digits, 400, 0, validation_size=100)
    assert rows(other.test.images) != rows(found.test.images)


def test_a_set_too_large_for_the_memory_is_named(digits, monkeypatch):
    def decode(*arguments):
        raise MemoryError

    monkeypatch.setattr("ensemble_switchover.data.load.load_whole_dataset", decode)
    with pytest.raises(DataError, match="dataset=digits: its images do not fit into the memory"):
        load_dataset(digits, 300, 1497)
