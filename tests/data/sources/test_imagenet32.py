"""ImageNet32, read from tiny batches in the published format."""

import os
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.load import SOURCES
from ensemble_switchover.errors import DataError
from tests.python2_pickle import dump

TRAIN = [f"train_data_batch_{number}" for number in range(1, 11)]
CLASSES, TRAIN_SIZE, TEST_SIZE = 4, 80, 12


def make_batches():
    """Make the batches as Chrabaszcz's scripts write them: labels from 1, and a mean image."""
    generator = np.random.default_rng(0)
    batches = {}
    for name in (*TRAIN, "val_data"):
        size = TRAIN_SIZE // 10 if name in TRAIN else TEST_SIZE
        rows = generator.integers(0, 256, (size, 3072), dtype=np.uint8)
        labels = [1 + number % CLASSES for number in range(size)]
        batches[name] = {"data": rows, "labels": labels}
        if name in TRAIN:
            batches[name]["mean"] = rows.mean(axis=0)
    return batches


@pytest.fixture
def config(compose_config, tmp_path):
    return replace(
        compose_config("dataset=imagenet32").dataset,
        root=str(tmp_path / "sets"),
        cache=str(tmp_path / "arrays"),
        num_classes=CLASSES,
        train_images=TRAIN_SIZE,
        test_images=TEST_SIZE,
    )


def put(folder, batches, write=pickle.dumps):
    folder.mkdir(parents=True, exist_ok=True)
    for name, batch in batches.items():
        (folder / name).write_bytes(write(batch))


def put_archives(folder, batches):
    folder.mkdir(parents=True, exist_ok=True)
    for archive, names in (
        ("Imagenet32_train.zip", reversed(TRAIN)),
        ("Imagenet32_val.zip", ["val_data"]),
    ):
        with zipfile.ZipFile(folder / archive, "w") as file:
            for name in names:
                file.writestr(f"somewhere/{name}", pickle.dumps(batches[name]))


def check(config, batches):
    split = load_dataset(config, TRAIN_SIZE, TEST_SIZE)
    for images, names in ((split.train, TRAIN), (split.test, ["val_data"])):
        rows = np.concatenate([batches[name]["data"] for name in names])
        labels = [label - 1 for name in names for label in batches[name]["labels"]]
        assert images.labels.tolist() == labels
        assert np.array_equal(images.images.reshape(-1, 3072), rows)
        # red before green before blue, row by row
        assert np.array_equal(images.images[:, 1, 0], rows[:, 1024 : 1024 + 32])


@pytest.mark.parametrize("below", ["", "imagenet32"])
@pytest.mark.parametrize("write", [pickle.dumps, dump], ids=["Python 3", "Python 2"])
def test_batches_are_read(config, tmp_path, below, write):
    batches = make_batches()
    if write is dump:
        for name in TRAIN:  # the Python 2 pickler of the tests has no floating point
            del batches[name]["mean"]
    put(tmp_path / "sets" / below, batches, write)
    check(config, batches)


def test_archives_are_read_as_they_come(config, tmp_path):
    batches = make_batches()
    put_archives(tmp_path / "sets", batches)
    check(config, batches)


def assert_told_what_to_do(error, root):
    text = str(error.value)
    assert "\n" not in text
    for word in ("dataset=imagenet32: ", "Imagenet32_train.zip", "Imagenet32_val.zip", str(root),
                 "train_data_batch_1 to 10", "val_data", "https://image-net.org", "GB",
                 "dataset.root="):  # fmt: skip
        assert word in text


@pytest.mark.parametrize("left", [[], ["val_data"], TRAIN])
def test_absent_files_are_named_with_where_to_get_them(config, tmp_path, left):
    batches = make_batches()
    put(tmp_path / "sets", {name: batches[name] for name in left})
    with pytest.raises(DataError) as error:
        load_dataset(config, TRAIN_SIZE, TEST_SIZE)
    assert_told_what_to_do(error, tmp_path / "sets")


def test_another_file_in_its_place_is_noticed(config, tmp_path):
    batches = make_batches()
    put(tmp_path / "sets", batches)
    check(config, batches)
    batches[TRAIN[3]]["data"] = 255 - batches[TRAIN[3]]["data"]
    put(tmp_path / "sets", {TRAIN[3]: batches[TRAIN[3]]})
    os.utime(tmp_path / "sets" / TRAIN[3], (1, 1))
    check(config, batches)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda batch: pickle.dumps(batch)[:-900], "is not a batch of images that can be read"),
        (lambda batch: b"", "is not a batch of images that can be read"),
        (lambda batch: pickle.dumps({**batch, "data": batch["data"][:, :768]}),
         r"expected rows of 3,072 bytes as data, found uint8 of shape \(8, 768\)"),
        (lambda batch: pickle.dumps({**batch, "labels": ["ant"] * 8}), "expected 8 labels"),
        (lambda batch: pickle.dumps({**batch, "labels": [99] * 8}), "expected 4 classes"),
        (lambda batch: pickle.dumps({"data": batch["data"][:5], "labels": [1] * 5}),
         "expected 80 training images in the batches of .*, found 77"),
        (lambda batch: pickle.dumps({"data": np.concatenate([batch["data"]] * 2),
                                     "labels": [1] * 16}),
         "expected 80 training images in the batches of .*, found 88"),
    ],
)  # fmt: skip
def test_a_damaged_batch_is_one_clear_error(config, tmp_path, damage, message):
    batches = make_batches()
    put(tmp_path / "sets", batches)
    path = tmp_path / "sets" / TRAIN[3]
    path.write_bytes(damage(batches[TRAIN[3]]))
    with pytest.raises(DataError, match=message) as error:
        load_dataset(config, TRAIN_SIZE, TEST_SIZE)
    assert "\n" not in str(error.value)


def test_an_archive_without_a_batch_is_one_clear_error(config, tmp_path):
    batches = make_batches()
    put_archives(tmp_path / "sets", batches)
    with zipfile.ZipFile(tmp_path / "sets" / "Imagenet32_train.zip", "w") as file:
        file.writestr("train_data_batch_1", pickle.dumps(batches["train_data_batch_1"]))
    with pytest.raises(DataError, match=r"zip: expected one train_data_batch_2 in it, found 0"):
        load_dataset(config, TRAIN_SIZE, TEST_SIZE)


def test_the_place_of_the_files_does_not_matter(config, tmp_path):
    put(tmp_path / "sets", make_batches())
    before = SOURCES["imagenet32"].identity(config, tmp_path / "sets")
    (tmp_path / "sets").rename(tmp_path / "elsewhere")
    assert SOURCES["imagenet32"].identity(config, tmp_path / "elsewhere") == before
