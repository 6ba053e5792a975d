"""A folder of the user's own images, of any size and format.

The central square of an image is resized with antialiasing, as `torchvision.transforms.Resize` does
with PIL images; proportions are kept.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ensemble_switchover.config.dataset_config import FolderConfig
from ensemble_switchover.config.file_kinds import refusal
from ensemble_switchover.config.image_file import (
    UnreadableImageError,
    image_threads,
    read_image,
)
from ensemble_switchover.config.split import test_positions
from ensemble_switchover.config.usable_images import usable_images
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource, short_digest
from ensemble_switchover.errors import DataError
from ensemble_switchover.machine.paths import on_one_line

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig
    from ensemble_switchover.config.image_folder import Part

DECODER_VERSION = 3
"""Raised whenever the same files give other arrays or remarks."""


class Folder(DatasetSource):
    """The source of `root/train/<class>/*` and `root/test/<class>/*`, or of `root/<class>/*`."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return a digest of the files, their sizes and times, the options, and the test images."""
        assert isinstance(config, FolderConfig)
        found = usable_images(config, root).folder
        states = [_status_of(root / file) for file in found.files]
        times = " ".join(str(state.st_mtime_ns if state else None) for state in states)
        sizes = _digest_of_sizes(found.files, [state.st_size if state else -1 for state in states])
        split = "given"
        if found.test is None:
            split = " ".join(map(str, test_positions(np.array(found.train.labels), config)))
        options = f"{config.channels}-{config.image_size}-{DECODER_VERSION}"
        return f"folder-{short_digest(times, sizes, config.content, options, split)}"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read every file that is used; split off test images unless they have a folder.

        Raises:
            DataError: if a file is not an image, truncated or too large, and `skip_bad` is off.
        """
        assert isinstance(config, FolderConfig)
        found = usable_images(config, root).folder
        train_images, train_labels, remarks = _read(config, root, found.train)
        if found.test is None:
            test = test_positions(train_labels, config)
            train = np.setdiff1d(np.arange(len(train_labels)), test, assume_unique=True)
            test_images, test_labels = train_images[test], train_labels[test]
            train_images, train_labels = _keep(train_images, train), train_labels[train]
        else:
            test_images, test_labels, test_remarks = _read(config, root, found.test)
            remarks += test_remarks
        return DatasetArrays(
            train_images, train_labels, test_images, test_labels, found.class_names, tuple(remarks)
        )


def _status_of(path: Path) -> os.stat_result | None:
    """Return the status of a file, or None for a link that leads nowhere."""
    try:
        return path.stat()
    except OSError:
        return None


def _digest_of_sizes(files: Sequence[str], sizes: Sequence[int]) -> str:
    digest = hashlib.sha256()
    for file, size in zip(files, sizes, strict=True):
        fact = f"{PurePath(file).as_posix()}\0{size}\n"
        digest.update(fact.encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _read(config: FolderConfig, root: Path, part: Part) -> tuple[np.ndarray, np.ndarray, list[str]]:
    side = config.image_size
    images = np.empty((len(part.files), config.channels, side, side), dtype=np.uint8)
    with image_threads() as pool:
        results = list(pool.map(partial(_read_into, root=root), images, part.files))
    bad = [
        (file, result)
        for file, result in zip(part.files, results, strict=True)
        if isinstance(result, UnreadableImageError)
    ]
    if bad:
        (file, first), kinds = bad[0], [error.kind for _, error in bad]
        raise DataError(refusal(on_one_line(root / file), first.reason, kinds))
    read = [result for result in results if not isinstance(result, UnreadableImageError)]
    return images, np.array(part.labels, dtype=np.int64), _remarks(read)


def _keep(images: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Move the images at sorted indices to the front of their array: a copy might not fit."""
    for position, index in enumerate(indices.tolist()):
        if position != index:
            images[position] = images[index]
    return images[: len(indices)]


def _remarks(are_black: list[bool]) -> list[str]:
    """Say what only pixels tell; what headers tell is in the check of the folder."""
    num_black = sum(are_black)
    if not num_black:
        return []
    return [
        f"{num_black} of {len(are_black)} images have 16 bits per pixel and no value above 255: "
        f"they look black; save them with 8 bits if their values are meant as such"
    ]


def _read_into(target: np.ndarray, file: str, root: Path) -> bool | UnreadableImageError:
    """Read a file into `target` (C, H, W), and return whether it looks black for its 16 bits."""
    channels, side, _ = target.shape
    try:
        image, is_black = read_image(root / file, channels)
    except UnreadableImageError as error:
        return UnreadableImageError(error.reason, error.kind)  # its traceback holds an image
    square = np.asarray(_central_square(image, side))
    target[:] = square.reshape(side, side, channels).transpose(2, 0, 1)
    return is_black


def _central_square(image: Image.Image, side: int) -> Image.Image:
    width, height = image.size
    short = min(width, height)
    left, top = round((width - short) / 2), round((height - short) / 2)
    # cropped first, because resizing a box of an image would also read the pixels around it
    square = image.crop((left, top, left + short, top + short))
    return square.resize((side, side), Image.Resampling.BILINEAR)


FOLDER = Folder()
