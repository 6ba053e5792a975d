"""The handwritten digits of scikit-learn, 1,797 scans of 8x8 pixels (UCI, Alpaydin & Kaynak)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig

LEVELS = 16
"""The largest pixel value of a scan."""


class Digits(DatasetSource):
    """The source of the digits: one pool of scans, which is part of scikit-learn."""

    has_files = False
    cached = False

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return `digits`: there are no options."""
        return "digits"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Return all scans as training images; the test arrays are empty."""
        images, labels = (array.copy() for array in _scans())
        return DatasetArrays(
            train_images=images,
            train_labels=labels,
            test_images=images[:0],
            test_labels=labels[:0],
            class_names=tuple(str(digit) for digit in range(10)),
        )


@cache
def _scans() -> tuple[np.ndarray, np.ndarray]:
    """Return all scans and labels; scikit-learn parses its text file once for many runs."""
    from sklearn import datasets

    digits = datasets.load_digits()
    images = np.rint(digits.images * (255 / LEVELS)).astype(np.uint8)[:, None]
    return images, digits.target.astype(np.int64)


DIGITS = Digits()
