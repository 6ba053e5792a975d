"""The data sets by name, and their checked images."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import numpy as np
import torch

from ensemble_switchover.config.dataset_folders import array_cache_folder, dataset_root
from ensemble_switchover.config.dataset_spec import training_images
from ensemble_switchover.config.schema import FolderConfig
from ensemble_switchover.data import sources
from ensemble_switchover.data.array_cache import LoadedDataset, cached_dataset, with_moments
from ensemble_switchover.data.images import ImageSet, SplitImages
from ensemble_switchover.data.sources.source import DatasetSource
from ensemble_switchover.data.split import stratified_subset
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from ensemble_switchover.config.schema import DatasetConfig


def _sources() -> dict[str, DatasetSource]:
    """Find the data sets of all files of `sources` by the names of their constants."""
    files = iter_modules(sources.__path__, f"{sources.__name__}.")
    return {
        name.lower(): value
        for file in files
        for name, value in vars(import_module(file.name)).items()
        if isinstance(value, DatasetSource)
    }


SOURCES = _sources()
"""What `dataset=` names, in lower case."""


def load_dataset(
    config: DatasetConfig,
    train_size: int,
    test_size: int,
    *,
    validation_size: int = 0,
) -> SplitImages:
    """Load stratified subsets of a data set, checked against the configuration.

    Of `train_size + validation_size` training images the latter are held out. They are what the
    networks are measured on where `test_size` is 0: no test image is then used.

    The first time, the set is fetched and decoded; from then on its arrays are mapped from disk.
    What there is to say of the images is in `remarks`.

    Raises:
        DataError: if the set is absent, unknown, not what `conf/dataset/` says of it, or too large
            for the memory.
    """
    try:
        return _split(config, train_size, test_size, validation_size)
    except MemoryError as error:
        raise DataError(
            f"dataset={config.name}: its images do not fit into the memory of this machine"
        ) from error


def _split(
    config: DatasetConfig, train_size: int, test_size: int, validation_size: int
) -> SplitImages:
    whole = load_whole_dataset(config)
    decoded, seed = whole.arrays, config.split_seed
    if isinstance(config, FolderConfig) and config.skip_bad:
        train_size = min(train_size, len(decoded.train_labels) - validation_size)
        test_size = min(test_size, len(decoded.test_labels))
    else:
        _check_count(config, "training", training_images(config), len(decoded.train_labels))
        if not config.pooled:
            _check_count(config, "test", config.test_images, len(decoded.test_labels))
    pool = _image_set(decoded.train_images, decoded.train_labels, whole.train_moments)
    chosen = stratified_subset(decoded.train_labels, train_size + validation_size, seed)
    kept, held_out = _hold_out(decoded.train_labels, chosen, validation_size, seed)
    train = _part(pool, kept)
    if test_size == 0:
        measured = _part(pool, held_out)
    elif config.pooled:
        measured = _part(pool, stratified_subset(decoded.train_labels, test_size, seed, chosen))
    else:
        rest = _image_set(decoded.test_images, decoded.test_labels)
        measured = _part(rest, stratified_subset(decoded.test_labels, test_size, seed))
    _check(config, train, "training", train_size)
    if test_size == 0:
        _check(config, measured, "validation", validation_size)
    else:
        _check(config, measured, "test", test_size)
    return SplitImages(train, measured, decoded.class_names, decoded.remarks)


def load_whole_dataset(config: DatasetConfig) -> LoadedDataset:
    """Load the whole set as arrays.

    Raises:
        DataError: if the set is absent, unknown, damaged, or cannot be kept.
    """
    if config.base is not None:
        config = replace(config, name=config.base)
    if config.name not in SOURCES:
        raise DataError(f"dataset={config.name}: expected one of {', '.join(SOURCES)}")
    source, root = SOURCES[config.name], dataset_root(config)
    if not source.cached:
        return with_moments(source.decode(config, root))
    identity = source.identity(config, root)
    return cached_dataset(array_cache_folder(config), identity, lambda: source.decode(config, root))


def _hold_out(
    labels: np.ndarray, chosen: np.ndarray, size: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split chosen indices into those that stay, and so many that are held out."""
    if size == 0:
        return chosen, chosen[:0]
    held_out = chosen[stratified_subset(labels[chosen], size, seed)]
    return np.setdiff1d(chosen, held_out, assume_unique=True), held_out


def _check_count(config: DatasetConfig, part: str, expected: int, found: int) -> None:
    if found != expected:
        raise DataError(
            f"dataset={config.name}: expected {expected:,} {part} images, found {found:,}"
        )


def _image_set(
    images: np.ndarray, labels: np.ndarray, moments: np.ndarray | None = None
) -> ImageSet:
    return ImageSet(torch.from_numpy(images), torch.from_numpy(labels), moments)


def _part(whole: ImageSet, indices: np.ndarray) -> ImageSet:
    """Keep the images at sorted indices; the whole set is not copied."""
    return whole if len(indices) == len(whole) else whole.subset(indices)


def _check(config: DatasetConfig, images: ImageSet, part: str, size: int) -> None:
    expected = (size, config.channels, config.image_size, config.image_size)
    found = tuple(images.images.shape)
    if found != expected:
        raise DataError(
            f"dataset={config.name}: expected {part} images of shape {expected}, found {found}"
        )
    classes = torch.unique(images.labels).tolist()
    if len(classes) != config.num_classes:
        raise DataError(
            f"dataset={config.name}: expected {config.num_classes} classes among the {part} "
            f"images, found {len(classes)}"
        )
    if (classes[0], classes[-1]) != (0, config.num_classes - 1):
        raise DataError(
            f"dataset={config.name}: expected labels from 0 to {config.num_classes - 1} among the "
            f"{part} images, found {classes[0]} to {classes[-1]}"
        )
