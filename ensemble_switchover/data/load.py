"""Load a data set by its name, and check its images against the configuration."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.config.dataset_config import OwnDatasetConfig
from ensemble_switchover.config.dataset_folders import array_cache_folder, dataset_root
from ensemble_switchover.config.dataset_spec import SplitSizes, training_images
from ensemble_switchover.config.published_images import whole_side_of
from ensemble_switchover.config.split import used_indices
from ensemble_switchover.data import sources
from ensemble_switchover.data.area_means import area_means
from ensemble_switchover.data.array_cache import LoadedDataset, cached_dataset, with_moments
from ensemble_switchover.data.images import ImageSet, SplitImages
from ensemble_switchover.data.sources.own import OwnSource
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource
from ensemble_switchover.errors import DataError
from ensemble_switchover.machine.caches import NO_FOLDER
from ensemble_switchover.machine.hardware import PROCESS_BYTES, main_memory_bytes
from ensemble_switchover.machine.terminal import mebibytes

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ensemble_switchover.config.dataset_config import DatasetConfig


def _sources() -> dict[str, DatasetSource]:
    """Find the source that each file of `sources` defines as a constant, such as `CIFAR10`."""
    files = iter_modules(sources.__path__, f"{sources.__name__}.")
    return {
        name.lower(): value
        for file in files
        for name, value in vars(import_module(file.name)).items()
        if isinstance(value, DatasetSource)
    }


SOURCES = _sources()
"""The sources by the name of their constant in lower case, which is the name of the data set."""


def load_dataset(
    config: DatasetConfig,
    train_size: int,
    test_size: int,
    *,
    validation_size: int = 0,
) -> SplitImages:
    """Load stratified subsets of a data set, checked against the configuration.

    The first time, the data set is downloaded and decoded; later its arrays are mapped from disk.

    Args:
        config: The configuration of the data set.
        train_size: The number of images to train on.
        test_size: The number of test images; with 0, no test image is used, and the error is
            measured on the validation images.
        validation_size: The number of training images to hold out of training.

    Raises:
        DataError: if the data set is absent, unknown, not what its configuration says, or too
            large for the memory.
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
    dataset = load_whole_dataset(config)
    arrays, seed = dataset.arrays, config.split_seed
    _check_count(config, "training", training_images(config), len(arrays.train_labels))
    if not config.pooled:
        _check_count(config, "test", config.test_images, len(arrays.test_labels))
    pool = _image_set(arrays.train_images, arrays.train_labels, dataset.train_moments)
    sizes = SplitSizes(train_size, validation_size, test_size)
    used = used_indices(arrays.train_labels, arrays.test_labels, sizes, seed, pooled=config.pooled)
    train = _select(pool, used.train)
    if test_size == 0:
        test, part, size = _select(pool, used.validation), "validation", validation_size
    else:
        part, size = "test", test_size
        tested = pool if config.pooled else _image_set(arrays.test_images, arrays.test_labels)
        test = _select(tested, used.test)
    _check_images(config, train, "training", train_size)
    _check_images(config, test, part, size)
    apart = partial(_select, pool, used.validation) if validation_size and test_size else None
    return SplitImages(train, test, arrays.class_names, arrays.remarks, arrays.content, apart)


def load_whole_dataset(config: DatasetConfig) -> LoadedDataset:
    """Load all images of a data set, from the cache if the data set has one.

    Images of which `dataset.image_size` asks for fewer pixels than there are, are reduced, and
    cached beside the whole ones, from which they are made.

    Raises:
        DataError: if the data set is absent, unknown or damaged, or cannot be cached.
    """
    source: DatasetSource
    side = whole_side_of(config)
    if isinstance(config, OwnDatasetConfig):
        source = OwnSource()
    else:
        if config.base is not None:
            config = replace(config, name=config.base)
        if config.name not in SOURCES:
            raise DataError(f"dataset={config.name}: expected one of {', '.join(SOURCES)}")
        source = SOURCES[config.name]
    root = dataset_root(config)
    if source.has_files and NO_FOLDER in root.parents:
        raise DataError(
            f"dataset={config.name}: no home folder is known for this user; expected "
            f"dataset.root=, the folder of its files, or dataset.cache=, where they can be kept"
        )
    if side is None or side <= config.image_size:
        return _unreduced(config, source, root)
    return _reduced(config, replace(config, image_size=side), source, root)


def _unreduced(config: DatasetConfig, source: DatasetSource, root: Path) -> LoadedDataset:
    """Load the images as their source gives them."""
    if not source.cached:
        _check_memory(config, _image_bytes(config))
        return with_moments(source.decode(config, root))
    identity = source.identity(config, root)

    def decode() -> DatasetArrays:
        _check_memory(config, _image_bytes(config))
        return source.decode(config, root)

    return cached_dataset(array_cache_folder(config), identity, decode)


def _reduced(
    config: DatasetConfig, whole_config: DatasetConfig, source: DatasetSource, root: Path
) -> LoadedDataset:
    """Load images averaged over areas; with a cache, both the whole and the reduced are kept."""

    def reduce() -> DatasetArrays:
        whole = _unreduced(whole_config, source, root)
        held = 0 if whole.mapped else _image_bytes(whole_config)
        _check_memory(config, held + _image_bytes(config))
        arrays, side = whole.arrays, config.image_size
        return replace(
            arrays,
            train_images=area_means(arrays.train_images, side),
            test_images=area_means(arrays.test_images, side),
        )

    if not source.cached:
        return with_moments(reduce())
    identity = f"{source.identity(whole_config, root)}-averaged-{config.image_size}"
    return cached_dataset(array_cache_folder(config), identity, reduce)


def _image_bytes(config: DatasetConfig) -> int:
    """Return the bytes of all images of a set at the configured size."""
    num_images = training_images(config) + (0 if config.pooled else config.test_images)
    return num_images * config.channels * config.image_size**2


def _check_memory(config: DatasetConfig, needed: int) -> None:
    """Refuse to make the arrays of a data set that do not fit into memory, before any is made.

    Args:
        config: The data set.
        needed: Bytes of the arrays that are held at the same time.

    Raises:
        DataError: naming what it takes, what there is, and what to do.
    """
    available = main_memory_bytes()
    if available is None or needed + PROCESS_BYTES <= available:
        return
    num_images = training_images(config) + (0 if config.pooled else config.test_images)
    smaller = ""
    if whole_side_of(config) is None:  # those of a published set are made from the whole ones
        smaller = ", or choose a smaller dataset.image_size"
    raise DataError(
        f"dataset={config.name}: its {num_images:,} decoded images take {mebibytes(needed)} "
        f"and the program itself about {mebibytes(PROCESS_BYTES)}, and this process may use "
        f"{mebibytes(available)}; prepare it once where there is more{smaller}"
    )


def _check_count(config: DatasetConfig, part: str, expected: int, found: int) -> None:
    if found != expected:
        raise DataError(
            f"dataset={config.name}: expected {expected:,} {part} images, found {found:,}"
        )


def _image_set(
    images: np.ndarray, labels: np.ndarray, moments: np.ndarray | None = None
) -> ImageSet:
    return ImageSet(torch.from_numpy(images), torch.from_numpy(labels), moments)


def _select(pool: ImageSet, indices: np.ndarray) -> ImageSet:
    """Return the images at sorted indices; all images are returned without a copy."""
    return pool if len(indices) == len(pool) else pool.subset(indices)


def _check_images(config: DatasetConfig, images: ImageSet, part: str, size: int) -> None:
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
