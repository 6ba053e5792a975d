"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), fetched and checked by torchvision."""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING

import numpy as np
import torch
from filelock import FileLock
from torchvision.datasets import CIFAR10, CIFAR100

from ensemble_switchover.data.folders import dataset_root
from ensemble_switchover.data.images import ImageSet, SplitImages
from ensemble_switchover.data.split import stratified_subset
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from ensemble_switchover.config import DatasetConfig

_SETS = {"cifar10": CIFAR10, "cifar100": CIFAR100}


def load_cifar(config: DatasetConfig, train_size: int, test_size: int) -> SplitImages:
    """Load the set from its root, downloading it there when it is absent.

    Raises:
        DataError: when it is absent and cannot be downloaded, or damaged.
    """
    root = dataset_root(config)
    source = _SETS[config.base or config.name]
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f"{config.name}.lock"):
            train = source(str(root), train=True, download=True)
            test = source(str(root), train=False)
    except (OSError, RuntimeError, EOFError, HTTPException) as error:
        raise DataError(
            f"dataset={config.name}: cannot be had from {source.url} ({error}); "
            f"put {source.filename} into {root}, or set dataset.root= to a folder that holds it"
        ) from error
    return SplitImages(
        _subset(train, train_size, config.split_seed), _subset(test, test_size, config.split_seed)
    )


def _subset(source: CIFAR10, size: int, seed: int) -> ImageSet:
    labels = np.asarray(source.targets, dtype=np.int64)
    images = torch.from_numpy(source.data).permute(0, 3, 1, 2).contiguous()
    whole = ImageSet(images, torch.from_numpy(labels))
    return whole if size == len(whole) else whole.subset(stratified_subset(labels, size, seed))
