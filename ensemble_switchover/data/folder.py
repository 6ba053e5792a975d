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

from ensemble_switchover.config import FolderConfig
from ensemble_switchover.data.sources import Decoded, Source, short_digest
from ensemble_switchover.data.split import stratified_subset
from ensemble_switchover.errors import DataError
from ensemble_switchover.image_folder import num_test_images, read_image_folder, status_of

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config import DatasetConfig
    from ensemble_switchover.image_folder import Part

MODES = {1: "L", 3: "RGB"}
GREY_MODES = {"1", "L", "LA", "La"}
DEEP_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
"""Of 16 bits a pixel."""
MAX_THREADS = 4
NAMED = 3
"""So many of the files that were left out are named."""


@dataclass(frozen=True, slots=True)
class _Picture:
    pixels: np.ndarray
    """(C, H, W) `uint8`"""
    is_grey: bool


@dataclass(frozen=True, slots=True)
class _Bad:
    file: str
    reason: str


class Folder(Source):
    """Reads `root/train/<class>/*` and `root/test/<class>/*`, or `root/<class>/*` and a split."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Hash names, sizes and times of change of the files, and how they are read."""
        assert isinstance(config, FolderConfig)
        found = read_image_folder(root)
        parts = [found.train] if found.test is None else [found.train, found.test]
        states = [status_of(root / file) for part in parts for file in part.files]
        times = " ".join(str(state.st_mtime_ns if state else None) for state in states)
        split = f"{config.test_share:g}-{config.split_seed}" if found.test is None else "given"
        options = f"{config.channels}-{config.image_size}-{config.skip_bad}-{split}"
        return f"folder-{short_digest(times, found.content, options)}"

    def decode(self, config: DatasetConfig, root: Path) -> Decoded:
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
            train_images, train_labels = train_images[train], train_labels[train]
        else:
            test_images, test_labels, test_remarks = _read(config, root, found.test, names)
            remarks += test_remarks
        return Decoded(train_images, train_labels, test_images, test_labels, names, tuple(remarks))


def _read(
    config: FolderConfig, root: Path, part: Part, class_names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    read = partial(_picture, root=root, channels=config.channels, side=config.image_size)
    with warnings.catch_warnings():
        # PIL's guard against files that unpack to gigabytes
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1)) as pool:
            results = list(pool.map(read, part.files))
    bad = [result for result in results if isinstance(result, _Bad)]
    if bad and not config.skip_bad:
        more = f"; so are {len(bad) - 1} more files" if len(bad) > 1 else ""
        raise DataError(
            f"{root / bad[0].file}: cannot be read as an image ({bad[0].reason}){more}; remove "
            f"it, or set dataset.skip_bad=true to leave such files out"
        )
    good = [
        (result, label)
        for result, label in zip(results, part.labels, strict=True)
        if isinstance(result, _Picture)
    ]
    labels = np.array([label for _, label in good], dtype=np.int64)
    for label, name in enumerate(class_names):
        if not (labels == label).any():
            raise DataError(f"{root}: class {name} has no image left that can be read")
    images = np.stack([picture.pixels for picture, _ in good])
    return images, labels, _remarks(config, bad, [picture.is_grey for picture, _ in good])


def _remarks(config: FolderConfig, bad: list[_Bad], grey: list[bool]) -> list[str]:
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
    return remarks


def _picture(file: str, root: Path, channels: int, side: int) -> _Picture | _Bad:
    path = root / file
    if not path.is_file():
        return _Bad(file, "a folder or a broken link")
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            is_grey = upright.mode in GREY_MODES | DEEP_MODES
            square = _central_square(_converted(upright, MODES[channels]), side)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        return _Bad(file, _one_line(error))
    except Image.DecompressionBombWarning as error:
        return _Bad(file, _one_line(error))
    pixels = np.asarray(square).reshape(side, side, channels)
    return _Picture(np.ascontiguousarray(pixels.transpose(2, 0, 1)), is_grey)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    """Convert to grey or colour; transparent pixels become white."""
    if image.mode in DEEP_MODES:
        deep = np.asarray(image).astype(np.float64) / 257
        image = Image.fromarray(deep.round().clip(0, 255).astype(np.uint8))
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


def _one_line(error: Exception | Warning) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
