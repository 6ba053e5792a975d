"""Images and labels in memory.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images (N, C, H, W) as `uint8`, and their labels (N,) as `int64`."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> ImageSet:
        """Move both to a device."""
        return ImageSet(self.images.to(device), self.labels.to(device))

    def subset(self, indices: np.ndarray) -> ImageSet:
        """Keep the images at `indices`, in that order."""
        chosen = torch.from_numpy(indices)
        return ImageSet(self.images[chosen], self.labels[chosen])


@dataclass(frozen=True, slots=True)
class SplitImages:
    """A training and a test set."""

    train: ImageSet
    test: ImageSet
