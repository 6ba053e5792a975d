"""The handwritten digits of scikit-learn: 1,797 scans of 8x8 pixels (UCI, Alpaydin & Kaynak)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ensemble_switchover.data.images import ImageSet, SplitImages
from ensemble_switchover.data.split import stratified_subset

if TYPE_CHECKING:
    from ensemble_switchover.config import DatasetConfig

LEVELS = 16
"""The scans' brightest value."""


def load_digits(config: DatasetConfig, train_size: int, test_size: int) -> SplitImages:
    """Draw a training and a test set from the one pool of scans."""
    from sklearn import datasets

    digits = datasets.load_digits()
    labels = digits.target.astype(np.int64)
    pixels = np.rint(digits.images * (255 / LEVELS)).astype(np.uint8)[:, None]
    pool = ImageSet(torch.from_numpy(pixels), torch.from_numpy(labels))
    train = stratified_subset(labels, train_size, config.split_seed)
    test = stratified_subset(labels, test_size, config.split_seed, excluded=train)
    return SplitImages(pool.subset(train), pool.subset(test))
