"""A folder of the user's own images, of any size and kind, as one array.

An image's central square is resized, so that proportions are kept; antialiased, as by
`torchvision.transforms.Resize` on PIL images.

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
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.image_folder import Part
    from ensemble_switchover.config.schema import DatasetConfig

MODES = {1: "L", 3: "RGB"}
IMAGE_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF")
"""No others are tried: some of them, such as EPS, would start another program."""
GREY_MODES = {"1", "L", "LA", "La"}
DEEP_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
"""Of 16 bits a pixel, or of 32 that must not hold more."""
MOST_DEEP = 65_535
MAX_DECODING_THREADS = 4
NAMED = 3
"""So many of the files that were left out are named."""


@dataclass(frozen=True, slots=True)
class _Picture:
    is_grey: bool
    is_black: bool
    """Of 16 bits a pixel, all of them below what is seen of 8."""


@dataclass(frozen=True, slots=True)
class _Bad:
    file: str
    reason: str


class Folder(DatasetSource):
    """Reads `root/train/<class>/*` and `root/test/<class>/*`, or `root/<class>/*` and a split."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Hash names, sizes and times of change of the files, and how they are read."""
        assert isinstance(config, FolderConfig)
        found = read_image_folder(root)
        parts = [found.train] if found.test is None else [found.train, found.test]
        states = [status_of(root / file) for part in parts for file in part.files]
        times = " ".join(str(state.st_mtime_ns if state else None) for state in states)
        split = f"{config.test_share!r}-{config.split_seed}" if found.test is None else "given"
        options = f"{config.channels}-{config.image_size}-{config.skip_bad}-{split}"
        return f"folder-{short_digest(times, found.content, config.content, options)}"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read every file, and split test images off where they have no folder of their own.

        Raises:
            DataError: naming the file that is no image, truncated or too large.
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
            train_images, train_labels = _kept(train_images, train), train_labels[train]
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
        # PIL's guard against files that unpack to gigabytes
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with ThreadPoolExecutor(min(MAX_DECODING_THREADS, os.cpu_count() or 1)) as pool:
            results = list(pool.map(read, images, part.files))
    bad = [result for result in results if isinstance(result, _Bad)]
    if bad and not config.skip_bad:
        more = f"; so are {len(bad) - 1} more files" if len(bad) > 1 else ""
        raise DataError(
            f"{root / bad[0].file}: cannot be read as an image ({bad[0].reason}){more}; remove "
            f"it, or set dataset.skip_bad=true to leave such files out"
        )
    good = np.array([isinstance(result, _Picture) for result in results])
    labels = np.array(part.labels, dtype=np.int64)[good]
    for label, name in enumerate(class_names):
        if not (labels == label).any():
            raise DataError(f"{root}: class {name} has no image left that can be read")
    pictures = [result for result in results if isinstance(result, _Picture)]
    return _kept(images, np.flatnonzero(good)), labels, _remarks(config, bad, pictures)


def _kept(images: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Keep the images at sorted indices, in their own memory: a copy might not fit beside them."""
    for position, index in enumerate(indices.tolist()):
        if position != index:
            images[position] = images[index]
    return images[: len(indices)]


def _remarks(config: FolderConfig, bad: list[_Bad], pictures: list[_Picture]) -> list[str]:
    grey = [picture.is_grey for picture in pictures]
    remarks = []
    if bad:
        named = ", ".join(entry.file for entry in bad[:NAMED])
        more = ", ..." if len(bad) > NAMED else ""
        files = "1 file was" if len(bad) == 1 else f"{len(bad)} files were"
        remarks.append(f"{files} left out, no image that can be read: {named}{more}")
    if config.channels == 1 and not all(grey):
        remarks.append(f"{len(grey) - sum(grey)} of {len(grey)} images are in colour: made grey")
    elif config.channels > 1 and any(grey):
        remarks.append(
            f"{sum(grey)} of {len(grey)} images are grey: their colours are three times the same"
        )
    black = sum(picture.is_black for picture in pictures)
    if black:
        remarks.append(
            f"{black} of {len(pictures)} images have 16 bits a pixel and none above 255: they "
            f"come out black; save them with 8 bits if that is what they hold"
        )
    return remarks


def _read_into(place: np.ndarray, file: str, root: Path, formats: list[str]) -> _Picture | _Bad:
    """Read a file into its place (C, H, W), of the set's channels and size."""
    path = root / file
    channels, side, _ = place.shape
    if not path.is_file():
        return _Bad(file, "a folder or a broken link")
    try:
        with Image.open(path, formats=formats) as opened:
            upright = ImageOps.exif_transpose(opened)
            is_grey = upright.mode in GREY_MODES | DEEP_MODES
            is_black = upright.mode in DEEP_MODES and int(np.asarray(upright).max()) <= 255
            square = _central_square(_converted(upright, MODES[channels]), side)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like
        return _Bad(file, _one_line(error))
    place[:] = np.asarray(square).reshape(side, side, channels).transpose(2, 0, 1)
    return _Picture(is_grey, is_black)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    """Convert to grey or colour; transparent pixels become white.

    Raises:
        ValueError: for pixels whose range is not known.
    """
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is not known")
    if image.mode in DEEP_MODES:
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > MOST_DEEP:
            raise ValueError(
                f"pixels from {deep.min()} to {deep.max()}, expected 0 to {MOST_DEEP:,}"
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
    # cropped first: resizing a box would look at pixels around it
    square = image.crop((left, top, left + short, top + short))
    return square.resize((side, side), Image.Resampling.BILINEAR)


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


FOLDER = Folder()
