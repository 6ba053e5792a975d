"""What a source of a data set is: the one place that knows how its files are read.

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

    from ensemble_switchover.config.schema import DatasetConfig


@dataclass(frozen=True, slots=True)
class DatasetArrays:
    """A whole data set as arrays."""

    train_images: np.ndarray
    """(N, C, H, W) `uint8`; of a pooled set all images, and the test arrays are empty."""
    train_labels: np.ndarray
    """(N,) `int64`, counted from 0."""
    test_images: np.ndarray
    """(N, C, H, W) `uint8`"""
    test_labels: np.ndarray
    """(N,) `int64`"""
    class_names: tuple[str, ...]
    """One a class, in the order of the labels."""
    remarks: tuple[str, ...] = ()
    """What the user should be told of the set, whenever it is used."""

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
    """Reads one data set, wherever its files come from."""

    cached: bool = True
    """False where decoding is as quick as reading the decoded arrays back."""

    @abstractmethod
    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Name what decides the arrays, in letters, digits, dots, dashes and underscores.

        Two configurations with the same identity have the same arrays; the decoded arrays are
        kept under it. So it holds the published checksums of a published set, the options of a
        generated one, and a hash of names, sizes and times of a user's own files.

        Raises:
            DataError: if it takes files that are absent.
        """

    @abstractmethod
    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read the whole set from its files in `root`, fetching them there where that is possible.

        Raises:
            DataError: naming the file that is absent, damaged or not what it should be.
        """


def short_digest(*facts: str) -> str:
    """Hash facts into a few characters for an identity.

    >>> short_digest("c58f30108f718f92721af3b95e74349a")
    '0372bc1911d5b88e'
    """
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def digest_of_files(paths: Iterable[Path]) -> str:
    """Hash names, sizes and times of change of files, which tell when one was replaced.

    Raises:
        OSError: if one is not there.
    """
    facts = []
    for path in sorted(paths):
        status = path.stat()
        facts.append(f"{path.name} {status.st_size} {status.st_mtime_ns}")
    return short_digest(*facts)
