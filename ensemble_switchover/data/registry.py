"""The data sets by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ensemble_switchover.data.cifar import load_cifar
from ensemble_switchover.data.digits import load_digits
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.config import DatasetConfig
    from ensemble_switchover.data.images import ImageSet, SplitImages

LOADERS: dict[str, Callable[[DatasetConfig, int, int], SplitImages]] = {
    "digits": load_digits,
    "cifar10": load_cifar,
    "cifar100": load_cifar,
}


def load_dataset(config: DatasetConfig, train_size: int, test_size: int) -> SplitImages:
    """Load a data set and check it against the configuration.

    Raises:
        DataError: if the set is absent, unknown, or not what `conf/dataset/` says of it.
    """
    name = config.base or config.name
    if name not in LOADERS:
        raise DataError(f"dataset={name}: expected one of {', '.join(LOADERS)}")
    split = LOADERS[name](config, train_size, test_size)
    _check(config, split.train, "training", train_size)
    _check(config, split.test, "test", test_size)
    return split


def _check(config: DatasetConfig, images: ImageSet, part: str, size: int) -> None:
    expected = (size, config.channels, config.image_size, config.image_size)
    found = tuple(images.images.shape)
    if found != expected:
        raise DataError(
            f"dataset={config.name}: expected {part} images of shape {expected}, found {found}"
        )
    classes = len(torch.unique(images.labels))
    if classes != config.num_classes:
        raise DataError(
            f"dataset={config.name}: expected {config.num_classes} classes among the {part} "
            f"images, found {classes}"
        )
