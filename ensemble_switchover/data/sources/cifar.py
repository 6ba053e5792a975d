"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), read from the published archives of Python pickles.

Dimensions: N images of 3 channels and 32x32 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble_switchover.data.sources.archives import read_members
from ensemble_switchover.data.sources.download import RemoteFile, fetch
from ensemble_switchover.data.sources.pickles import batch_arrays, read_batch
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource, short_digest
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig

CIFAR_SIZE = 32
"""The side of an image in pixels."""


@dataclass(frozen=True)
class Cifar(DatasetSource):
    """The source of CIFAR-10 or CIFAR-100."""

    archive: RemoteFile
    folder: str
    """The folder in the archive."""
    train: tuple[str, ...]
    """The files of the training batches."""
    test: str
    """The file of the test batch."""
    labels: str
    """The key of the labels in a batch."""
    meta: str
    """The file with the names of the classes."""
    names: str
    """The key of the names in that file."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return the name of the data set with a digest of its archive's checksum."""
        return f"{config.name}-{short_digest(self.archive.md5)}"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read the batches from the archive, which is downloaded if it is absent.

        Raises:
            DataError: if the archive cannot be downloaded, or is damaged.
        """
        (path,) = fetch([self.archive], root, config.name, config.url)
        files = {f"{self.folder}/{name}": name for name in (*self.train, self.test, self.meta)}
        batches = {
            files[name]: read_batch(content, f"{path}: {name}")
            for name, content in read_members(path, files.__contains__)
        }
        for name in files.values():
            if name not in batches:
                raise DataError(f"{path}: expected {self.folder}/{name} in it, found none")
        train = [self._arrays(path, name, batches[name]) for name in self.train]
        test_images, test_labels = self._arrays(path, self.test, batches[self.test])
        return DatasetArrays(
            train_images=np.concatenate([images for images, _ in train]),
            train_labels=np.concatenate([labels for _, labels in train]),
            test_images=test_images,
            test_labels=test_labels,
            class_names=tuple(str(name) for name in batches[self.meta].get(self.names, ())),
        )

    def _arrays(
        self, path: Path, name: str, batch: dict[str, Any]
    ) -> tuple[np.ndarray, np.ndarray]:
        return batch_arrays(batch, self.labels, CIFAR_SIZE, f"{path}: {name}")


CIFAR10 = Cifar(
    RemoteFile(
        url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        md5="c58f30108f718f92721af3b95e74349a",
    ),
    folder="cifar-10-batches-py",
    train=tuple(f"data_batch_{number}" for number in range(1, 6)),
    test="test_batch",
    labels="labels",
    meta="batches.meta",
    names="label_names",
)
CIFAR100 = Cifar(
    RemoteFile(
        url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        md5="eb9058c3a382ffc7106e4002c42a8d85",
    ),
    folder="cifar-100-python",
    train=("train",),
    test="test",
    labels="fine_labels",
    meta="meta",
    names="fine_label_names",
)
