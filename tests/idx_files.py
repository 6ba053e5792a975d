"""Write idx files as MNIST's page describes them, and tiny data sets of them."""

from __future__ import annotations

import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

TINY_TRAIN, TINY_TEST = 40, 20
"""Numbers of training and test images of a tiny set; its ten classes are equally frequent."""
PARTS = ("train_images", "train_labels", "test_images", "test_labels")
DEBIANS_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
NEEDS_FASHION_MNIST = pytest.mark.skipif(
    not DEBIANS_FASHION_MNIST.is_dir(),
    reason="no Fashion-MNIST on this machine; Debian: apt-get install dataset-fashion-mnist",
)


def idx_bytes(array):
    """Pack an array of bytes: magic number, sizes from the highest byte on, values."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def md5(content):
    return hashlib.md5(content).hexdigest()


class TinySet:
    """Four small files in place of the published ones of a set, whose checksums become theirs.

    `contents` are the unpacked files by part, `packed` the published gzip files.
    """

    def __init__(self, published, server, monkeypatch, debian_folder=None):
        from ensemble_switchover.data.load import SOURCES

        self.name = next(name for name, source in SOURCES.items() if source is published)
        generator = np.random.default_rng(list(self.name.encode()))
        self.arrays = {}
        for part, size in (("train", TINY_TRAIN), ("test", TINY_TEST)):
            pixels = generator.integers(0, 256, (size, 28, 28), dtype=np.uint8)
            self.arrays[f"{part}_images"] = pixels
            self.arrays[f"{part}_labels"] = np.arange(size, dtype=np.uint8) % 10
        self.contents = {part: idx_bytes(array) for part, array in self.arrays.items()}
        self.packed = {part: gzip.compress(text, mtime=1) for part, text in self.contents.items()}
        self.names = {part: getattr(published, part).name for part in PARTS}
        files = {}
        for part in PARTS:
            file = getattr(published, part)
            unpacked = md5(self.contents[part]) if file.unpacked_md5 else None
            files[part] = replace(
                file,
                url=f"{server.address}/{file.name}",
                md5=md5(self.packed[part]),
                unpacked_md5=unpacked,
            )
            server.files[file.name] = self.packed[part]
        self.source = replace(published, **files, debian_folder=debian_folder)
        monkeypatch.setitem(SOURCES, self.name, self.source)

    def put(self, folder, *, plain=False, anew=False, parts=PARTS):
        """Write files to a folder: as published, unpacked, or packed anew."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in parts:
            name, content = self.names[part], self.packed[part]
            if anew:
                content = gzip.compress(self.contents[part], compresslevel=1, mtime=2)
            if plain:
                name, content = name.removesuffix(".gz"), self.contents[part]
            (folder / name).write_bytes(content)

    def check(self, split):
        """Compare loaded images and labels with what the files were made of."""
        for images, part in ((split.train, "train"), (split.test, "test")):
            assert np.array_equal(images.images[:, 0], self.arrays[f"{part}_images"])
            assert np.array_equal(images.labels, self.arrays[f"{part}_labels"])
