"""FashionMNIST: the published facts, and how its images are trained on."""

import gzip

import numpy as np
import pytest
from torchvision import datasets

from ensemble_switchover import look, plan
from ensemble_switchover.config.dataset_config import DatasetConfig
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.data.augmentation import Augmentation
from ensemble_switchover.data.sources.fashion_mnist import FASHION_MNIST
from ensemble_switchover.training.assemble import augmentation_of
from tests.idx_files import DEBIANS_FASHION_MNIST, NEEDS_FASHION_MNIST


def test_the_published_facts_are_torchvisions():
    theirs = datasets.FashionMNIST
    ours = (
        FASHION_MNIST.train_images,
        FASHION_MNIST.train_labels,
        FASHION_MNIST.test_images,
        FASHION_MNIST.test_labels,
    )
    assert [(file.name, file.md5) for file in ours] == theirs.resources
    assert {file.url for file in ours} == {theirs.mirrors[0] + name for name, _ in theirs.resources}
    assert FASHION_MNIST.torchvision_folder == theirs.__name__
    assert list(FASHION_MNIST.class_names) == theirs.classes


def test_training_images_are_cropped_and_flipped(compose_config):
    augmentation = augmentation_of(resolve(compose_config("dataset=fashion_mnist")))
    assert augmentation == Augmentation(4, flip=True, operations=None)


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """Decode Debian's files."""
    facts = {"channels": 1, "image_size": 28, "num_classes": 10}
    counts = {"train_images": 60_000, "test_images": 10_000}
    config = DatasetConfig(name="fashion_mnist", **facts, **counts)
    return FASHION_MNIST.decode(config, tmp_path_factory.mktemp("no_files"))


@NEEDS_FASHION_MNIST
def test_there_are_as_many_images_of_each_class_as_published(arrays):
    assert np.bincount(arrays.train_labels).tolist() == [6_000] * 10
    assert np.bincount(arrays.test_labels).tolist() == [1_000] * 10


@NEEDS_FASHION_MNIST
def test_pixels_have_the_published_mean_and_deviation(arrays):
    # 0.2860 and 0.3530: what people give to transforms.Normalize
    pixels = arrays.train_images / 255
    assert f"{pixels.mean():.4f} {pixels.std():.4f}" == "0.2860 0.3530"


@NEEDS_FASHION_MNIST
def test_torchvision_reads_the_same_of_the_unpacked_files(arrays, tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for path in DEBIANS_FASHION_MNIST.glob("*.gz"):
        (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    for train, images, labels in (
        (True, arrays.train_images, arrays.train_labels),
        (False, arrays.test_images, arrays.test_labels),
    ):
        theirs = datasets.FashionMNIST(str(tmp_path), train=train)
        assert np.array_equal(images[:, 0], theirs.data)
        assert np.array_equal(labels, theirs.targets)


@NEEDS_FASHION_MNIST
def test_a_sheet_of_them_is_drawn(tmp_path, capsys):
    out = tmp_path / "sheet.png"
    wanted = ["dataset=fashion_mnist", f"dataset.cache={tmp_path / 'cache'}", "--images", "2"]
    assert look.main([*wanted, "--out", str(out)]) == 0
    assert "fashion_mnist: 10 classes, training images" in capsys.readouterr().out
    assert out.is_file()


def test_a_plan_needs_no_files(capsys):
    wanted = ["dataset=fashion_mnist", "budget.depth=8", "budget.width=4", "epochs=1"]
    assert plan.main(wanted) == 0
    printed = capsys.readouterr().out
    assert "resnet 8x4 on fashion_mnist" in printed
    assert "469 training steps" in printed  # 60,000 images in batches of 128
