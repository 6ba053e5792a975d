"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), fetched and checked by torchvision."""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock
from torchvision.datasets import CIFAR10, CIFAR100

from ensemble_switchover.data.sources import Decoded, Source
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config import DatasetConfig

_SETS = {"cifar10": CIFAR10, "cifar100": CIFAR100}


class Cifar(Source):
    """Either of the two sets."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Name the set and the checksum of its archive."""
        return f"{config.name}-{_SETS[config.name].tgz_md5[:8]}"

    def decode(self, config: DatasetConfig, root: Path) -> Decoded:
        """Read the set from its root, downloading it there when it is absent.

        Raises:
            DataError: when it is absent and cannot be downloaded, or damaged.
        """
        source = _SETS[config.name]
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
        return Decoded(*_arrays(train), *_arrays(test), class_names=tuple(train.classes))


def _arrays(source: CIFAR10) -> tuple[np.ndarray, np.ndarray]:
    images = np.ascontiguousarray(source.data.transpose(0, 3, 1, 2))
    return images, np.asarray(source.targets, dtype=np.int64)
