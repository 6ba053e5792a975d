"""Tiny ImageNet (Stanford's CS231n): 200 classes of ImageNet at 64x64 pixels.

The labels of its test images were never published, so its validation images are the test set.

Dimensions: N images of 3 channels and 64x64 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.data.sources.archives import read_members
from ensemble_switchover.data.sources.download import RemoteFile, fetch
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource, short_digest
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig

TINY_IMAGENET_SIZE = 64
"""The side of an image in pixels."""

CLASSES, WORDS, ANNOTATIONS = "wnids.txt", "words.txt", "val/val_annotations.txt"


@dataclass(frozen=True)
class TinyImageNet(DatasetSource):
    """The source of Tiny ImageNet: one archive of JPEG files."""

    archive: RemoteFile
    folder: str
    """The folder in the archive."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return the name of the data set with a digest of its archive's checksum."""
        return f"{config.name}-{short_digest(self.archive.md5)}"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read the images from the archive, which is downloaded if it is absent.

        Classes are sorted by their WordNet identifiers and images by their names. Grey images get
        three equal channels.

        Raises:
            DataError: if the archive cannot be downloaded, or is damaged.
        """
        (path,) = fetch([self.archive], root, config.name, config.url)
        texts = dict(self._members(path, {CLASSES, WORDS, ANNOTATIONS}.__contains__))
        for name in (CLASSES, ANNOTATIONS):
            if name not in texts:
                raise DataError(f"{path}: expected {self.folder}/{name} in it, found none")
        classes = sorted(texts[CLASSES].decode().split())
        numbers = {identifier: number for number, identifier in enumerate(classes)}
        validation_classes = _annotations(texts[ANNOTATIONS])
        train: dict[str, tuple[np.ndarray, int]] = {}
        test: dict[str, tuple[np.ndarray, int]] = {}
        for name, content in self._members(path, _is_image):
            pixels = _pixels(content, f"{path}: {name}")
            part, identifier = (
                (train, name.split("/")[1])
                if name.startswith("train/")
                else (test, validation_classes.get(PurePosixPath(name).name))
            )
            if identifier not in numbers:
                raise DataError(f"{path}: {name} belongs to none of the {len(classes)} classes")
            part[name] = pixels, numbers[identifier]
        return DatasetArrays(
            *_stack(train), *_stack(test), _class_names(classes, texts.get(WORDS, b""))
        )

    def _members(self, path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        start = f"{self.folder}/"
        for name, content in read_members(
            path, lambda name: name.startswith(start) and wanted(name.removeprefix(start))
        ):
            yield name.removeprefix(start), content


def _is_image(name: str) -> bool:
    return name.startswith(("train/", "val/")) and name.endswith(".JPEG")


def _pixels(content: bytes, name: str) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(BytesIO(content)) as image:
            pixels = np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{name} cannot be read as an image ({error})") from error
    if pixels.shape != (TINY_IMAGENET_SIZE, TINY_IMAGENET_SIZE, 3):
        height, width, _ = pixels.shape
        raise DataError(
            f"{name}: expected {TINY_IMAGENET_SIZE}x{TINY_IMAGENET_SIZE} pixels, "
            f"found {width}x{height}"
        )
    return pixels.transpose(2, 0, 1)


def _annotations(text: bytes) -> dict[str, str]:
    """Return the class identifier of every validation image by name: the first two columns."""
    rows = (line.split("\t") for line in text.decode().splitlines())
    return {row[0]: row[1] for row in rows if len(row) > 1}


def _stack(images: dict[str, tuple[np.ndarray, int]]) -> tuple[np.ndarray, np.ndarray]:
    pixels = np.empty((len(images), 3, TINY_IMAGENET_SIZE, TINY_IMAGENET_SIZE), dtype=np.uint8)
    labels = np.empty(len(images), dtype=np.int64)
    for position, name in enumerate(sorted(images)):
        pixels[position], labels[position] = images[name]
    return pixels, labels


def _class_names(classes: list[str], words: bytes) -> tuple[str, ...]:
    """Return the first synonym of every class, or its identifier if it has none."""
    rows = (line.split("\t") for line in words.decode().splitlines())
    names = {row[0]: row[1].split(",")[0].strip() for row in rows if len(row) > 1}
    return tuple(names.get(identifier, identifier) for identifier in classes)


# no checksum is published; Avalanche (avalanche/benchmarks/datasets/tiny_imagenet) and other
# projects have this one
TINY_IMAGENET = TinyImageNet(
    RemoteFile(
        url="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        md5="90528d7ca1a48142e341f4ef8d21d0de",
    ),
    folder="tiny-imagenet-200",
)
