"""SVHN (Netzer et al. 2011): digits cropped from house numbers, in MATLAB's format.

Dimensions: N images of 3 channels and 32x32 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.config.dataset_config import SvhnConfig
from ensemble_switchover.data.sources.download import RemoteFile, fetch
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource, short_digest
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig

SVHN_SIZE = 32
"""The side of an image in pixels."""

LABEL_OF_ZERO = 10
"""The published label of the digit 0; MATLAB counts from 1."""


@dataclass(frozen=True)
class Svhn(DatasetSource):
    """The source of SVHN: files of training images, test images, and easier extra images."""

    train: RemoteFile
    test: RemoteFile
    extra: RemoteFile
    """Further training images, used with `dataset.extra=true`."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return the name of the data set with a digest of its files' checksums."""
        parts = [self.test, *self._training_files(config)]
        kind = "-extra" if len(parts) > 2 else ""
        return f"{config.name}{kind}-{short_digest(*(file.md5 for file in parts))}"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read the files, which are downloaded if they are absent.

        Raises:
            DataError: if a file cannot be downloaded, or is damaged.
        """
        files = [*self._training_files(config), self.test]
        paths = fetch(files, root, config.name, config.url)
        train_images, train_labels = _join([_read(path) for path in paths[:-1]])
        test_images, test_labels = _join([_read(paths[-1])])
        return DatasetArrays(
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_images,
            test_labels=test_labels,
            class_names=tuple(str(digit) for digit in range(10)),
        )

    def _training_files(self, config: DatasetConfig) -> list[RemoteFile]:
        extra = isinstance(config, SvhnConfig) and config.extra
        return [self.train, self.extra] if extra else [self.train]


def _join(files: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Join the images (H, W, C, N) and labels of all files into (N, C, H, W) and (N,)."""
    labels = np.concatenate([labels for _, labels in files])
    joined = np.empty((len(labels), 3, SVHN_SIZE, SVHN_SIZE), dtype=np.uint8)
    start = 0
    for images, _ in files:
        stop = start + images.shape[3]
        joined[start:stop] = images.transpose(3, 2, 0, 1)
        start = stop
    return joined, labels


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=["X", "y"])
    except Exception as error:
        raise DataError(f"{path} cannot be read as a MATLAB file ({error})") from error
    images, labels = (np.asarray(content.get(name, ())) for name in ("X", "y"))
    if (
        images.ndim != 4
        or images.shape[:3] != (SVHN_SIZE, SVHN_SIZE, 3)
        or images.dtype != np.uint8
    ):
        found = f"{images.dtype} of shape {images.shape}"
        raise DataError(
            f"{path}: expected X with bytes of {SVHN_SIZE}x{SVHN_SIZE}x3xN, found {found}"
        )
    if labels.size != images.shape[3] or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"{path}: expected y with {images.shape[3]:,} labels, one per image")
    digits = labels.reshape(-1).astype(np.int64) % LABEL_OF_ZERO
    return images, digits


# URLs and checksums are those of torchvision.datasets.SVHN.split_list
SVHN = Svhn(
    train=RemoteFile(
        url="http://ufldl.stanford.edu/housenumbers/train_32x32.mat",
        md5="e26dedcc434d2e4c54c9b2d4a06d8373",
    ),
    test=RemoteFile(
        url="http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
        md5="eb5a983be6a315427106f1b164d9cef3",
    ),
    extra=RemoteFile(
        url="http://ufldl.stanford.edu/housenumbers/extra_32x32.mat",
        md5="a93ce644f1a588dc4d68dda5feec44a7",
    ),
)
