"""The base class of data set sources; a source alone knows how to read the files of a data set.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig


@dataclass(frozen=True, slots=True)
class DatasetArrays:
    """All images of a data set; a pooled one has all of them in the training arrays."""

    train_images: np.ndarray
    """(N, C, H, W) `uint8`"""
    train_labels: np.ndarray
    """(N,) `int64`, the class of every training image, counted from 0."""
    test_images: np.ndarray
    """(N, C, H, W) `uint8`"""
    test_labels: np.ndarray
    """(N,) `int64`, the class of every test image, counted from 0."""
    class_names: tuple[str, ...]
    """One name per class, in the order of the labels."""
    remarks: tuple[str, ...] = ()
    """Remarks for the user, shown whenever the data set is used."""
    content: str | None = None
    """Hash of the images and labels, where nothing else tells one version from another."""

    def __post_init__(self) -> None:
        for images, labels in (
            (self.train_images, self.train_labels),
            (self.test_images, self.test_labels),
        ):
            assert images.ndim == 4, images.shape
            assert images.dtype == np.uint8, images.dtype
            assert labels.shape == images.shape[:1], labels.shape
            assert labels.dtype == np.int64, labels.dtype


class DatasetSource(ABC):
    """Reads the files of one data set."""

    has_files: bool = True
    """Whether it reads files of a folder; False if the images are generated or part of a package.
    """
    cached: bool = True
    """Whether the decoded arrays are cached; False if decoding is as quick as reading them."""

    @abstractmethod
    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return a name for the arrays: letters, digits, dots, dashes and underscores.

        The decoded arrays are cached under this name, so two configurations must have the same one
        only if their arrays are equal. It is made from the checksums of a published data set, the
        options of a generated one, or the names, sizes and times of a user's own files.

        Args:
            config: The configuration of the data set.
            root: The folder of its files.

        Raises:
            DataError: if it depends on files that are absent.
        """

    @abstractmethod
    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read the whole data set from its files in `root`; download them first if possible.

        Args:
            config: The configuration of the data set.
            root: The folder of its files.

        Raises:
            DataError: if a file is absent, damaged, or not what the configuration says.
        """


def short_digest(*facts: str) -> str:
    """Return a digest of 16 hexadecimal characters of some texts, for an identity.

    >>> short_digest("c58f30108f718f92721af3b95e74349a")
    '0372bc1911d5b88e'
    """
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def digest_of_files(paths: Iterable[Path]) -> str:
    """Return a digest of the names, sizes and modification times of files.

    Raises:
        OSError: if a file is absent.
    """
    facts = []
    for path in sorted(paths):
        status = path.stat()
        facts.append(f"{path.name} {status.st_size} {status.st_mtime_ns}")
    return short_digest(*facts)
