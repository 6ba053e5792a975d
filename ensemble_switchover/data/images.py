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
    moments: np.ndarray | None = None
    """(N, 2, C) sums of every image's pixels and of their squares, where they are known."""

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> ImageSet:
        """Move images and labels to a device."""
        return ImageSet(self.images.to(device), self.labels.to(device), self.moments)

    @property
    def num_bytes(self) -> int:
        """Bytes of the images and labels."""
        return self.images.nbytes + self.labels.nbytes

    def subset(self, indices: np.ndarray) -> ImageSet:
        """Keep the images at `indices`, in that order."""
        chosen = torch.from_numpy(indices)
        moments = None if self.moments is None else self.moments[indices]
        return ImageSet(self.images[chosen], self.labels[chosen], moments)


@dataclass(frozen=True, slots=True)
class SplitImages:
    """What is trained on, and what the networks are measured on."""

    train: ImageSet
    test: ImageSet
    """Test images, or validation images in their place."""
    class_names: tuple[str, ...] = ()
    """One a class, in the order of the labels."""
    remarks: tuple[str, ...] = ()
    """What the user should be told of the set, such as the files that were left out."""
