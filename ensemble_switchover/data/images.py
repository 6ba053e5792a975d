"""Hold images and labels in memory.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class ImageSet:
    """N images and their labels."""

    images: Tensor
    """(N, C, H, W) `uint8`"""
    labels: Tensor
    """(N,) `int64`"""
    moments: np.ndarray | None = None
    """(N, 2, C) the sum of every image's pixels, and of their squares, if they are known."""

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> ImageSet:
        """Move images and labels to a device."""
        return ImageSet(self.images.to(device), self.labels.to(device), self.moments)

    @property
    def num_bytes(self) -> int:
        """The size of the images and labels in bytes."""
        return self.images.nbytes + self.labels.nbytes

    def subset(self, indices: np.ndarray) -> ImageSet:
        """Return the images at `indices`, in that order."""
        chosen = torch.from_numpy(indices)
        moments = None if self.moments is None else self.moments[indices]
        return ImageSet(self.images[chosen], self.labels[chosen], moments)


@dataclass(frozen=True, slots=True)
class SplitImages:
    """The images to train on, and those to measure the error on."""

    train: ImageSet
    test: ImageSet
    """The test images, or the validation images if the run is evaluated on those."""
    class_names: tuple[str, ...] = ()
    """One name per class, in the order of the labels."""
    remarks: tuple[str, ...] = ()
    """Remarks for the user, such as which files were left out."""
    content: str | None = None
    """Hash of all images and labels of a data set of the user's own."""
    held_out: Callable[[], ImageSet] | None = None
    """Gives the validation images where some are held out and the error is measured on test images:
    they are needed once, after training."""
