"""CIFAR, downloaded from a local server as tiny archives in the published format."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.load import SOURCES
from ensemble_switchover.data.sources.cifar import CIFAR10, CIFAR100
from ensemble_switchover.data.sources.download import RemoteFile, md5_of
from ensemble_switchover.errors import DataError
from tests.python2_pickle import dump

PUBLISHED = {"cifar10": CIFAR10, "cifar100": CIFAR100}
TORCHVISIONS = {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}
PARTS = {
    # file name: images (of every class)
    "cifar10": {**{f"data_batch_{n}": 20 for n in range(1, 6)}, "test_batch": 30},
    "cifar100": {"train": 200, "test": 100},
}


def make_batch(name, part, size):
    """Make one part as Krizhevsky's page describes it: rows of 3,072 bytes, red before green."""
    classes = 10 if name == "cifar10" else 100
    generator = np.random.default_rng(list(part.encode()))
    rows = generator.integers(0, 256, (size, 3072), dtype=np.uint8)
    labels = [number % classes for number in range(size)]
    entry = {"data": rows, "batch_label": part}
    if name == "cifar10":
        entry["labels"] = labels
    else:
        entry["fine_labels"] = labels
        entry["coarse_labels"] = [label // 5 for label in labels]
    return entry


class Archive:
    """A tiny archive and its content; its checksum replaces the published one."""

    def __init__(self, name, server, folder, monkeypatch, changed=None):
        source = PUBLISHED[name]
        self.name, self.filename = name, source.archive.name
        self.batches = {part: make_batch(name, part, size) for part, size in PARTS[name].items()}
        self.train = [part for part in self.batches if not part.startswith("test")]
        self.test = [part for part in self.batches if part.startswith("test")]
        classes = 10 if name == "cifar10" else 100
        names = [f"class {number}" for number in range(classes)]
        meta, key = TORCHVISIONS[name].meta["filename"], TORCHVISIONS[name].meta["key"]
        contents = {part: dump(batch) for part, batch in self.batches.items()}
        contents = {**contents, meta: dump({key: names}), "readme.html": b"", **(changed or {})}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for file, data in contents.items():
                if data is not None:
                    entry = tarfile.TarInfo(f"{TORCHVISIONS[name].base_folder}/{file}")
                    entry.size = len(data)
                    archive.addfile(entry, io.BytesIO(data))
        self.bytes = buffer.getvalue()
        self.root = folder / "sets"
        server.files[self.filename] = self.bytes
        path = folder / self.filename
        path.write_bytes(self.bytes)
        tiny = RemoteFile(url=f"{server.address}/{self.filename}", md5=md5_of(path))
        monkeypatch.setitem(SOURCES, name, replace(source, archive=tiny))

    def put(self):
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / self.filename).write_bytes(self.bytes)


@pytest.fixture(params=["cifar10", "cifar100"])
def archive(request, server, tmp_path, monkeypatch):
    return Archive(request.param, server, tmp_path, monkeypatch)


@pytest.fixture
def make_config(compose_config, tmp_path):
    """Describe the tiny data set as conf/dataset/ describes the published one."""

    def make(name):
        sizes = PARTS[name]
        test_size = sum(size for part, size in sizes.items() if part.startswith("test"))
        return replace(
            compose_config(f"dataset={name}").dataset,
            root=str(tmp_path / "sets"),
            cache=str(tmp_path / "arrays"),
            train_images=sum(sizes.values()) - test_size,
            test_images=test_size,
        )

    return make


@pytest.fixture
def config(archive, make_config):
    return make_config(archive.name)


def check_part(images, archive, parts):
    """Compare with the bytes of the archive, pixel by pixel."""
    rows = np.concatenate([archive.batches[part]["data"] for part in parts])
    key = "labels" if archive.name == "cifar10" else "fine_labels"
    labels = [label for part in parts for label in archive.batches[part][key]]
    assert images.images.dtype == torch.uint8
    assert images.images.is_contiguous()
    assert images.labels.dtype == torch.int64
    assert images.labels.tolist() == labels
    assert images.images.shape == (len(labels), 3, 32, 32)
    for channel in range(3):  # the page: 1,024 bytes a channel, row by row
        for row in (0, 7, 31):
            start = channel * 1024 + row * 32
            expected = rows[:, start : start + 32]
            assert np.array_equal(images.images[:, channel, row], expected)


def load(config):
    return load_dataset(config, config.train_images, config.test_images)


def check_whole(split, archive):
    check_part(split.train, archive, archive.train)
    check_part(split.test, archive, archive.test)
    assert split.class_names[:2] == ("class 0", "class 1")


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_the_published_facts_are_torchvisions(name):
    ours, theirs = PUBLISHED[name], TORCHVISIONS[name]
    assert (ours.archive.url, ours.archive.md5) == (theirs.url, theirs.tgz_md5)
    assert (ours.archive.name, ours.folder) == (theirs.filename, theirs.base_folder)
    assert list(ours.train) == [part for part, _ in theirs.train_list]
    assert [ours.test] == [part for part, _ in theirs.test_list]
    assert (ours.meta, ours.names) == (theirs.meta["filename"], theirs.meta["key"])


def test_an_absent_set_is_downloaded_and_read(archive, config, server):
    check_whole(load(config), archive)
    assert server.requests == [(archive.filename, None)]


def test_torchvision_reads_the_same_from_the_archive(archive, config, monkeypatch):
    theirs = TORCHVISIONS[archive.name]
    monkeypatch.setattr(theirs, "tgz_md5", SOURCES[archive.name].archive.md5)
    for part in ("train_list", "test_list"):
        monkeypatch.setattr(theirs, part, [[name, None] for name, _ in getattr(theirs, part)])
    monkeypatch.setattr(theirs, "meta", {**theirs.meta, "md5": None})
    archive.put()
    split = load(config)
    for ours, train in ((split.train, True), (split.test, False)):
        read = theirs(config.root, train=train, download=True)
        assert np.array_equal(ours.images.permute(0, 2, 3, 1), read.data)
        assert ours.labels.tolist() == read.targets
    assert list(split.class_names) == read.classes


def test_an_archive_that_is_there_needs_no_network(archive, config, server):
    archive.put()
    check_whole(load(config), archive)
    assert server.requests == []


def test_decoded_arrays_need_no_archive(archive, config, server):
    archive.put()
    load(config)
    (archive.root / archive.filename).unlink()
    check_whole(load(config), archive)
    assert server.requests == []


def test_a_download_cut_half_way_is_taken_up_again(archive, config, server):
    server.cut_after = [len(archive.bytes) // 2]
    check_whole(load(config), archive)
    assert server.requests[1] == (archive.filename, f"bytes={len(archive.bytes) // 2}-")


def test_a_mirror_may_be_named(archive, config, server, monkeypatch):
    published = PUBLISHED[archive.name].archive
    tiny = RemoteFile(url=published.url, md5=SOURCES[archive.name].archive.md5)
    monkeypatch.setitem(SOURCES, archive.name, replace(PUBLISHED[archive.name], archive=tiny))
    check_whole(load(replace(config, url=server.address)), archive)


def test_subsets_are_stratified_images_of_the_set(archive, config):
    classes = config.num_classes
    whole = load(config)
    size = config.train_images // 2
    part = load_dataset(config, size, classes)
    assert torch.bincount(part.train.labels).tolist() == [size // classes] * classes
    assert torch.bincount(part.test.labels).tolist() == [1] * classes
    known = {
        (image.numpy().tobytes(), int(label))
        for image, label in zip(whole.train.images, whole.train.labels, strict=True)
    }
    chosen = {
        (image.numpy().tobytes(), int(label))
        for image, label in zip(part.train.images, part.train.labels, strict=True)
    }
    assert len(chosen) == size
    assert chosen < known


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_archive_is_one_clear_error(archive, config, damage):
    archive.put()
    path = archive.root / archive.filename
    data = path.read_bytes()
    changed = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    path.write_bytes({"cut": data[: len(data) // 2], "changed": changed, "empty": b""}[damage])
    with pytest.raises(DataError, match=f"^dataset={archive.name}: {path} is not the published"):
        load(config)
    assert not any(Path(config.cache).glob("*.part-*"))


FEW = {"data": np.zeros((20, 1024), np.uint8), "labels": [0] * 20}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"test_batch": None}, "expected cifar-10-batches-py/test_batch in it, found none"),
        ({"test_batch": b"junk"}, "test_batch is not a batch of images"),
        ({"test_batch": dump([1])}, "test_batch is not a batch of images: expected a dictionary"),
        ({"data_batch_3": dump({"labels": [1]})},
         "data_batch_3: expected rows of 3,072 bytes as data, found none"),
        ({"data_batch_3": dump(FEW)},
         r"data_batch_3: expected rows of 3,072 bytes as data, found uint8 of shape \(20, 1024\)"),
        ({"data_batch_3": dump({"data": np.zeros((20, 3072), np.uint8), "labels": [1, 2]})},
         "data_batch_3: expected 20 labels, one per image"),
        ({"data_batch_3": dump({"data": np.zeros((20, 3072), np.uint8)})},
         "data_batch_3: expected 20 labels"),
        ({"data_batch_3": dump(make_batch("cifar10", "x", 19))},
         "expected 100 training images, found 99"),
        ({"test_batch": dump({"data": np.zeros((30, 3072), np.uint8), "labels": [4] * 30})},
         "expected 10 classes among the test images, found 1"),
        ({"test_batch": dump({"data": np.zeros((30, 3072), np.uint8),
                              "labels": [1 + n % 10 for n in range(30)]})},
         "expected labels from 0 to 9 among the test images, found 1 to 10"),
    ],
)  # fmt: skip
def test_an_archive_that_holds_something_else_is_one_clear_error(
    changed, message, server, tmp_path, monkeypatch, make_config
):
    Archive("cifar10", server, tmp_path, monkeypatch, changed)
    with pytest.raises(DataError, match=message) as error:
        load(make_config("cifar10"))
    assert "\n" not in str(error.value)


def test_the_root_may_be_the_home_folder(archive, config, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    check_whole(load(replace(config, root="~/here", cache="~/there")), archive)
    assert (tmp_path / "here" / archive.filename).is_file()
    assert list((tmp_path / "there").glob(f"{archive.name}-*/train_images.npy"))


def test_without_folders_the_set_lies_in_the_users_cache(archive, config, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "ensemble_switchover.machine.caches.user_cache_path", lambda name: tmp_path / name
    )
    check_whole(load(replace(config, root=None, cache=None)), archive)
    folder = tmp_path / "ensemble_switchover"
    assert (folder / "datasets" / archive.filename).is_file()
    assert list((folder / "arrays").glob(f"{archive.name}-*/train_images.npy"))
