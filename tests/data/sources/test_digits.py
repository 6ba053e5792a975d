"""The digits, compared with scikit-learn's, and the checks of every data set."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn import datasets

from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.sources.digits import DIGITS
from ensemble_switchover.errors import DataError


@pytest.fixture
def config(compose_config):
    return compose_config("dataset=digits").dataset


def test_the_images_are_scikit_learns(config):
    split = load_dataset(config, 300, 1497)
    pool = datasets.load_digits()
    together = torch.cat([split.train.images, split.test.images])
    labels = torch.cat([split.train.labels, split.test.labels])
    assert together.dtype == torch.uint8
    assert labels.dtype == torch.int64
    assert together.shape == (1797, 1, 8, 8)
    # All 1,797 scans, each once (as far as scans differ), each with its label.
    found = sorted(
        (*(image.flatten().tolist()), label)
        for image, label in zip(together, labels.tolist(), strict=True)
    )
    expected = sorted(
        (*(round(level * 255 / 16) for level in scan.flatten()), int(label))
        for scan, label in zip(pool.images, pool.target, strict=True)
    )
    assert found == expected


def test_they_are_parsed_once_and_what_is_done_to_them_stays_with_a_run(config, monkeypatch):
    first = DIGITS.decode(config, None)
    monkeypatch.setattr(datasets, "load_digits", lambda: pytest.fail("parsed again"))
    labels, images = first.train_labels.copy(), first.train_images.copy()
    first.train_labels[:] = 0
    first.train_images[:] = 0
    again = DIGITS.decode(config, None)
    assert np.array_equal(again.train_labels, labels)
    assert np.array_equal(again.train_images, images)


def test_the_brightest_level_is_255_and_the_darkest_0(config):
    images = load_dataset(config, 300, 1497).train.images
    assert (int(images.min()), int(images.max())) == (0, 255)
    assert len(torch.unique(images)) == 17  # 16 levels and none


@pytest.mark.parametrize(("train_size", "test_size"), [(300, 1497), (40, 60), (900, 500)])
def test_training_and_test_images_are_apart_and_stratified(config, train_size, test_size):
    split = load_dataset(config, train_size, test_size)
    assert (len(split.train), len(split.test)) == (train_size, test_size)
    pool = datasets.load_digits()
    exact = np.bincount(pool.target) * train_size / 1797
    counts = np.bincount(split.train.labels.numpy())
    assert np.abs(counts - exact).max() <= 1
    # scans are distinct in scikit-learn's copy
    train = {tuple(image.flatten().tolist()) for image in split.train.images}
    test = {tuple(image.flatten().tolist()) for image in split.test.images}
    assert (len(train), len(test)) == (train_size, test_size)
    assert not train & test


def test_the_split_seed_decides(config):
    first = load_dataset(config, 100, 100)
    again = load_dataset(config, 100, 100)
    other = load_dataset(replace(config, split_seed=1), 100, 100)
    assert torch.equal(first.train.images, again.train.images)
    assert torch.equal(first.test.images, again.test.images)
    assert not torch.equal(first.train.images, other.train.images)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image_size": 9}, r"expected training images of shape \(40, 1, 9, 9\), found .*8, 8\)"),
        ({"channels": 3}, r"expected training images of shape \(40, 3, 8, 8\)"),
        ({"num_classes": 7}, "expected 7 classes among the training images, found 10"),
        ({"name": "emnist"}, "dataset=emnist: expected one of cifar10, cifar100, digits"),
    ],
)
def test_a_set_that_is_not_as_described_is_refused(config, changed, message):
    with pytest.raises(DataError, match=message):
        load_dataset(replace(config, **changed), 40, 60)


def test_another_number_of_images_than_described_is_an_error(config):
    with pytest.raises(DataError, match="expected 5,000 training images, found 1,797"):
        load_dataset(replace(config, train_images=5000), 3000, 100)


def test_more_images_than_the_pool_has_is_an_error(config):
    with pytest.raises(DataError, match="only 1,497"):
        load_dataset(config, 300, 1498)
