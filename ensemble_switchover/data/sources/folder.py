"""A folder of the user's own images, of any size and format.

The central square of an image is resized with antialiasing, as `torchvision.transforms.Resize` does
with PIL images; proportions are kept.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from ensemble_switchover.config.image_folder import num_test_images, read_image_folder, status_of
from ensemble_switchover.config.schema import FolderConfig
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource, short_digest
from ensemble_switchover.data.split import stratified_subset
from ensemble_switchover.errors import DataError, first_line

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.image_folder import Part
    from ensemble_switchover.config.schema import DatasetConfig

MODES = {1: "L", 3: "RGB"}
IMAGE_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF")
"""The formats that are tried; others, such as EPS, would start another program."""
GREY_MODES = {"1", "L", "LA", "La"}
DEEP_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
"""PIL's modes of 16 bits per pixel, and of 32 bits, whose values must fit into 16."""
MAX_DEEP_VALUE = 65_535
MAX_DECODING_THREADS = 4
MAX_NAMED_FILES = 3
"""The number of unreadable files that a remark names."""


@dataclass(frozen=True, slots=True)
class _Readable:
    is_grey: bool
    is_black: bool
    """Whether the image has 16 bits per pixel but no value above 255, so that it looks black."""


@dataclass(frozen=True, slots=True)
class _Unreadable:
    file: str
    reason: str


class Folder(DatasetSource):
    """The source of `root/train/<class>/*` and `root/test/<class>/*`, or of `root/<class>/*`."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return a digest of the files' names, sizes and modification times, and of the options."""
        assert isinstance(config, FolderConfig)
        found = read_image_folder(root)
        parts = [found.train] if found.test is None else [found.train, found.test]
        states = [status_of(root / file) for part in parts for file in part.files]
        times = " ".join(str(state.st_mtime_ns if state else None) for state in states)
        split = f"{config.test_share!r}-{config.split_seed}" if found.test is None else "given"
        options = f"{config.channels}-{config.image_size}-{config.skip_bad}-{split}"
        return f"folder-{short_digest(times, found.content, config.content, options)}"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read every file; split off test images unless they have a folder of their own.

        Raises:
            DataError: if a file is not an image, truncated or too large, and `skip_bad` is off.
        """
        assert isinstance(config, FolderConfig)
        found = read_image_folder(root)
        names, remarks = found.class_names, []
        train_images, train_labels, train_remarks = _read(config, root, found.train, names)
        remarks += train_remarks
        if found.test is None:
            size = num_test_images(len(train_labels), len(names), config.test_share)
            test = stratified_subset(train_labels, size, config.split_seed)
            train = np.setdiff1d(np.arange(len(train_labels)), test, assume_unique=True)
            test_images, test_labels = train_images[test], train_labels[test]
            train_images, train_labels = _keep(train_images, train), train_labels[train]
        else:
            test_images, test_labels, test_remarks = _read(config, root, found.test, names)
            remarks += test_remarks
        return DatasetArrays(
            train_images, train_labels, test_images, test_labels, names, tuple(remarks)
        )


def _read(
    config: FolderConfig, root: Path, part: Part, class_names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    side = config.image_size
    images = np.empty((len(part.files), config.channels, side, side), dtype=np.uint8)
    Image.init()
    formats = [name for name in IMAGE_FORMATS if name in Image.OPEN]  # AVIF is not in every Pillow
    read = partial(_read_into, root=root, formats=formats)
    with warnings.catch_warnings():
        # refuse files that unpack to gigabytes
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with ThreadPoolExecutor(min(MAX_DECODING_THREADS, os.cpu_count() or 1)) as pool:
            results = list(pool.map(read, images, part.files))
    unreadable = [result for result in results if isinstance(result, _Unreadable)]
    if unreadable and not config.skip_bad:
        first, num_more = unreadable[0], len(unreadable) - 1
        more = f", nor can {num_more} more files" if num_more else ""
        raise DataError(
            f"{root / first.file}: cannot be read as an image ({first.reason}){more}; remove "
            f"it, or set dataset.skip_bad=true to leave such files out"
        )
    is_readable = np.array([isinstance(result, _Readable) for result in results])
    labels = np.array(part.labels, dtype=np.int64)[is_readable]
    for label, name in enumerate(class_names):
        if not (labels == label).any():
            raise DataError(f"{root}: class {name} has no image left that can be read")
    readable = [result for result in results if isinstance(result, _Readable)]
    remarks = _remarks(config, unreadable, readable)
    return _keep(images, np.flatnonzero(is_readable)), labels, remarks


def _keep(images: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Move the images at sorted indices to the front of their array: a copy might not fit."""
    for position, index in enumerate(indices.tolist()):
        if position != index:
            images[position] = images[index]
    return images[: len(indices)]


def _remarks(
    config: FolderConfig, unreadable: list[_Unreadable], readable: list[_Readable]
) -> list[str]:
    num_images = len(readable)
    num_grey = sum(image.is_grey for image in readable)
    num_black = sum(image.is_black for image in readable)
    remarks = []
    if unreadable:
        named = ", ".join(entry.file for entry in unreadable[:MAX_NAMED_FILES])
        more = ", ..." if len(unreadable) > MAX_NAMED_FILES else ""
        files = "1 file was" if len(unreadable) == 1 else f"{len(unreadable)} files were"
        remarks.append(f"{files} left out because no image could be read: {named}{more}")
    if config.channels == 1 and num_grey < num_images:
        remarks.append(
            f"{num_images - num_grey} of {num_images} images are in colour: converted to grey"
        )
    elif config.channels > 1 and num_grey:
        remarks.append(
            f"{num_grey} of {num_images} images are grey: their three channels are equal"
        )
    if num_black:
        remarks.append(
            f"{num_black} of {num_images} images have 16 bits per pixel and no value above 255: "
            f"they look black; save them with 8 bits if their values are meant as such"
        )
    return remarks


def _read_into(
    target: np.ndarray, file: str, root: Path, formats: list[str]
) -> _Readable | _Unreadable:
    """Read a file into `target` (C, H, W), converted to its channels and size."""
    path = root / file
    channels, side, _ = target.shape
    if not path.is_file():
        return _Unreadable(file, "a folder or a broken link")
    try:
        with Image.open(path, formats=formats) as opened:
            upright = ImageOps.exif_transpose(opened)
            is_grey = upright.mode in GREY_MODES | DEEP_MODES
            is_black = upright.mode in DEEP_MODES and int(np.asarray(upright).max()) <= 255
            square = _central_square(_converted(upright, MODES[channels]), side)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like
        return _Unreadable(file, first_line(error))
    target[:] = np.asarray(square).reshape(side, side, channels).transpose(2, 0, 1)
    return _Readable(is_grey, is_black)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    """Convert an image to grey or colour, with white in place of transparent pixels.

    Raises:
        ValueError: if the range of the pixels is unknown.
    """
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown")
    if image.mode in DEEP_MODES:
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > MAX_DEEP_VALUE:
            raise ValueError(
                f"pixels from {deep.min()} to {deep.max()}, expected 0 to {MAX_DEEP_VALUE:,}"
            )
        image = Image.fromarray((deep / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        white = Image.new("RGBA", opaque.size, "white")
        image = Image.alpha_composite(white, opaque)
    return image.convert(mode)


def _central_square(image: Image.Image, side: int) -> Image.Image:
    width, height = image.size
    short = min(width, height)
    left, top = round((width - short) / 2), round((height - short) / 2)
    # cropped first, because resizing a box of an image would also read the pixels around it
    square = image.crop((left, top, left + short, top + short))
    return square.resize((side, side), Image.Resampling.BILINEAR)


FOLDER = Folder()
