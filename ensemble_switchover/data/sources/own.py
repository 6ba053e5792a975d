"""A data set of the user's own: arrays, or a data set as torchvision has them, from a function.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble_switchover.config.dataset_config import OwnDatasetConfig
from ensemble_switchover.config.image_file import MODES
from ensemble_switchover.config.targets import TARGET, make_part
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig


class OwnSource(DatasetSource):
    """The source of every data set that a file of the user's own names by `_target_`."""

    has_files = False
    cached = False

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return the name of the data set; nothing is cached by it."""
        return config.name

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Call the function, and turn what it returns into arrays.

        It returns a pair of training and test images, or with `pooled` the one pool. Each is a pair
        of arrays, images (N, C, H, W) and labels (N,), or anything with a length whose items are
        pairs of an image and a label. An image is one of Pillow, an array or a tensor.

        Raises:
            ConfigError: if the function cannot be imported, or fails.
            DataError: if it returns something else, or other images than before.
        """
        assert isinstance(config, OwnDatasetConfig)
        named = {TARGET: config._target_, "_convert_": "all", **config.arguments}
        made = make_part("dataset", named)
        parts = (made,) if config.pooled else made
        if not isinstance(parts, tuple | list) or len(parts) != (1 if config.pooled else 2):
            raise DataError(
                f"dataset={config.name}: expected {config._target_} to return a pair of training "
                f"and test images, and {type(made).__name__} came"
            )
        images, labels = _arrays(config, parts[0], "training")
        tested = (images[:0], labels[:0])
        if not config.pooled:
            tested = _arrays(config, parts[1], "test")
        found = _content(images, labels, *tested)
        if config.content not in (None, found):
            raise DataError(
                f"dataset.content={config.content}: {config._target_} returns images of the "
                f"content {found}; expected the same, or another key"
            )
        names = _class_names(config, parts[0])
        return DatasetArrays(images, labels, *tested, names, content=found)


def _arrays(config: OwnDatasetConfig, part: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (N, C, H, W) and labels (N,) of one part of a data set."""
    shape = (config.channels, config.image_size, config.image_size)
    if isinstance(part, tuple | list) and len(part) == 2 and getattr(part[0], "ndim", 0) == 4:
        images, labels = _pixels(config, np.asarray(part[0]), name), np.asarray(part[1])
        if images.shape[1:] != shape or labels.shape != images.shape[:1]:
            raise DataError(
                f"dataset={config.name}: expected {name} images (N, {', '.join(map(str, shape))}) "
                f"and labels (N,), and {images.shape} and {labels.shape} came"
            )
        return np.ascontiguousarray(images), labels.astype(np.int64)
    try:
        size = len(part)
    except TypeError as error:
        raise DataError(
            f"dataset={config.name}: expected {name} images with a length, and "
            f"{type(part).__name__} came"
        ) from error
    images, labels = np.empty((size, *shape), np.uint8), np.empty(size, np.int64)
    for index in range(size):
        item = part[index]
        if not isinstance(item, tuple | list) or len(item) != 2:
            came = type(item).__name__
            if isinstance(item, tuple | list):
                came = f"a {came} of {len(item)}"
            raise DataError(
                f"dataset={config.name}: expected {name} item {index} to be a pair of an image and "
                f"a label, and {came} came"
            )
        images[index] = _image(config, item[0], f"{name} image {index}")
        labels[index] = _label(config, item[1], f"{name} image {index}")
    return images, labels


def _label(config: OwnDatasetConfig, label: Any, name: str) -> int:
    """Return one label, which is a whole number, also one of numpy or a tensor of one."""
    try:
        number = int(label)
        whole = not isinstance(label, str) and number == label
    except (TypeError, ValueError):
        whole = False
    if not whole:
        raise DataError(
            f"dataset={config.name}: expected the label of {name} to be a whole number from 0 to "
            f"{config.num_classes - 1}, and {label!r:.80} came"
        )
    return number


def _image(config: OwnDatasetConfig, image: Any, name: str) -> np.ndarray:
    """Return one image (C, H, W), which has its channels last, first, or not as an axis."""
    shape = (config.channels, config.image_size, config.image_size)
    if hasattr(image, "convert") and config.channels in MODES:
        image = image.convert(MODES[config.channels])
    pixels = _pixels(config, np.asarray(image), name)
    if pixels.ndim == 2:
        pixels = pixels[None]
    elif pixels.shape != shape and pixels.ndim == 3:
        pixels = pixels.transpose(2, 0, 1)
    if pixels.shape != shape:
        raise DataError(
            f"dataset={config.name}: expected a {name} of {shape}, and one of "
            f"{np.asarray(image).shape} came"
        )
    return pixels


def _pixels(config: OwnDatasetConfig, values: np.ndarray, name: str) -> np.ndarray:
    """Return pixels as uint8; those of a floating type are between 0 and 1, as of `ToTensor`."""
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind != "f" or not (values.min() >= 0 and values.max() <= 1):
        raise DataError(
            f"dataset={config.name}: expected {name} pixels as uint8, or between 0 and 1, and "
            f"{values.dtype} of {values.min()} to {values.max()} came"
        )
    scaled: np.ndarray = np.rint(255 * values).astype(np.uint8)
    return scaled


def _content(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def _class_names(config: OwnDatasetConfig, part: Any) -> tuple[str, ...]:
    """Return the names in `classes`, which torchvision's data sets have; else the numbers."""
    names = getattr(part, "classes", None)
    if isinstance(names, list | tuple) and len(names) == config.num_classes:
        return tuple(map(str, names))
    return tuple(map(str, range(config.num_classes)))
