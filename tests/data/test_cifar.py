"""CIFAR from tiny archives in its true on-disk format; the network is never touched."""

import hashlib
import io
import pickle
import socket
import struct
import tarfile
from dataclasses import replace
from http.client import IncompleteRead
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10, CIFAR100

from ensemble_switchover.data import cifar, load_dataset
from ensemble_switchover.errors import DataError

SOURCES = {"cifar10": CIFAR10, "cifar100": CIFAR100}
PARTS = {
    # file name: images (of every class)
    "cifar10": {**{f"data_batch_{n}": 20 for n in range(1, 6)}, "test_batch": 30},
    "cifar100": {"train": 200, "test": 100},
}


class Python2Pickler(pickle._Pickler):
    """Pickles as Krizhevsky's Python 2 did: byte strings, integer flags, numpy's old module."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        data = value.encode() if isinstance(value, str) else value
        self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    def save_tuple(self, value):
        super().save_tuple(("u1", 0, 1) if value == ("u1", False, True) else value)

    def save_global(self, value, name=None):
        if value is np.zeros(1).__reduce__()[0]:
            self.write(b"cnumpy.core.multiarray\n_reconstruct\n")
            self.memoize(value)
        else:
            super().save_global(value, name)

    dispatch[bytes] = dispatch[str] = save_string
    dispatch[tuple] = save_tuple
    dispatch[type(np.zeros(1).__reduce__()[0])] = save_global


def dump(value):
    buffer = io.BytesIO()
    Python2Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue()


def pickled(name, part, size):
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
    return dump(entry), rows, labels


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Archive:
    """A tiny archive, what it holds, and its checksums put in place of torchvision's."""

    def __init__(self, name, monkeypatch):
        source = SOURCES[name]
        self.name, self.filename = name, source.filename
        self.rows, self.labels = {}, {}
        files, sums = {}, {}
        for part, size in PARTS[name].items():
            files[part], self.rows[part], self.labels[part] = pickled(name, part, size)
            sums[part] = md5(files[part])
        meta = source.meta["filename"]
        files[meta] = dump({source.meta["key"]: ["airplane", "automobile"]})
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for file, data in files.items():
                entry = tarfile.TarInfo(f"{source.base_folder}/{file}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        self.bytes = buffer.getvalue()
        train = [part for part in PARTS[name] if not part.startswith("test")]
        test = [part for part in PARTS[name] if part.startswith("test")]
        self.train, self.test = train, test
        monkeypatch.setattr(source, "tgz_md5", md5(self.bytes))
        monkeypatch.setattr(source, "train_list", [[part, sums[part]] for part in train])
        monkeypatch.setattr(source, "test_list", [[part, sums[part]] for part in test])
        monkeypatch.setattr(source, "meta", {**source.meta, "md5": md5(files[meta])})

    def put(self, root):
        root.mkdir(parents=True, exist_ok=True)
        (root / self.filename).write_bytes(self.bytes)


@pytest.fixture(autouse=True)
def downloads_asked_for(monkeypatch):
    """Cut off the network, and list the addresses that torchvision asks for."""
    asked = []

    def no_network(request, *args, **kwargs):
        asked.append(request.full_url)
        raise OSError("no network")

    def no_socket(*args, **kwargs):
        pytest.fail("the network was touched")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_socket)
    return asked


@pytest.fixture(params=["cifar10", "cifar100"])
def archive(request, monkeypatch):
    return Archive(request.param, monkeypatch)


@pytest.fixture
def config(archive, compose_config, tmp_path):
    """Describe the tiny set as conf/dataset/ does the true one."""
    sizes = PARTS[archive.name]
    test_size = sum(sizes[part] for part in archive.test)
    found = compose_config(f"dataset={archive.name}").dataset
    return replace(
        found,
        root=str(tmp_path / "sets"),
        cache=str(tmp_path / "arrays"),
        train_images=sum(sizes.values()) - test_size,
        test_images=test_size,
    )


def check_part(images, archive, parts):
    """Compare with the bytes of the archive, pixel by pixel."""
    rows = np.concatenate([archive.rows[part] for part in parts])
    labels = [label for part in parts for label in archive.labels[part]]
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


def test_labels_and_pixels_come_through(archive, config, downloads_asked_for):
    archive.put(Path(config.root))
    split = load_dataset(config, config.train_images, config.test_images)
    check_part(split.train, archive, archive.train)
    check_part(split.test, archive, archive.test)
    assert downloads_asked_for == []


def test_an_extracted_folder_needs_no_archive(archive, config):
    archive.put(Path(config.root))
    load_dataset(config, config.train_images, config.test_images)
    (Path(config.root) / archive.filename).unlink()
    split = load_dataset(config, config.train_images, config.test_images)
    check_part(split.train, archive, archive.train)


def test_subsets_are_stratified_images_of_the_set(archive, config):
    archive.put(Path(config.root))
    classes = config.num_classes
    whole = load_dataset(config, config.train_images, config.test_images)
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


def test_an_absent_set_without_a_network_is_one_clear_error(archive, config, downloads_asked_for):
    with pytest.raises(DataError) as error:
        load_dataset(config, config.train_images, config.test_images)
    text = str(error.value)
    source = SOURCES[archive.name]
    assert downloads_asked_for[0] == source.url
    assert text.startswith(f"dataset={archive.name}: ")
    assert source.url in text
    assert "no network" in text
    assert archive.filename in text
    assert config.root in text
    assert "dataset.root=" in text


def test_a_download_that_breaks_off_is_one_clear_error(archive, config, monkeypatch):
    def break_off(request, *args, **kwargs):
        raise IncompleteRead(b"")

    monkeypatch.setattr("urllib.request.urlopen", break_off)
    with pytest.raises(DataError, match=f"dataset={archive.name}: .*IncompleteRead"):
        load_dataset(config, config.train_images, config.test_images)


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_archive_is_one_clear_error(archive, config, damage):
    archive.put(Path(config.root))
    path = Path(config.root) / archive.filename
    data = path.read_bytes()
    changed = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    path.write_bytes({"cut": data[: len(data) // 2], "changed": changed, "empty": b""}[damage])
    with pytest.raises(DataError) as error:
        load_dataset(config, config.train_images, config.test_images)
    assert str(error.value).startswith(f"dataset={archive.name}: ")
    assert config.root in str(error.value)


def test_a_damaged_extracted_file_is_mended_from_the_archive(archive, config):
    archive.put(Path(config.root))
    load_dataset(config, config.train_images, config.test_images)
    damaged = Path(config.root) / SOURCES[archive.name].base_folder / archive.train[0]
    damaged.write_bytes(b"junk")
    split = load_dataset(config, config.train_images, config.test_images)
    check_part(split.train, archive, archive.train)


def test_a_root_that_is_a_file_is_one_clear_error(archive, config, tmp_path):
    (tmp_path / "sets").write_text("")
    with pytest.raises(DataError, match=str(tmp_path / "sets")):
        load_dataset(config, config.train_images, config.test_images)


def test_the_root_may_be_the_home_folder(archive, config, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    archive.put(tmp_path / "here")
    split = load_dataset(replace(config, root="~/here"), config.train_images, config.test_images)
    check_part(split.test, archive, archive.test)


def test_without_a_root_the_set_lies_in_the_users_cache(archive, config, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "ensemble_switchover.data.folders.user_cache_path", lambda name: tmp_path / name
    )
    archive.put(tmp_path / "ensemble_switchover" / "datasets")
    split = load_dataset(replace(config, root=None), config.train_images, config.test_images)
    check_part(split.test, archive, archive.test)


def test_both_sets_are_torchvisions():
    assert cifar._SETS == SOURCES
