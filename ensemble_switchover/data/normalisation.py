"""Sums of pixels and of their squares, image by image, in integers.

Mean and deviation of any subset follow from them exactly, without another look at the pixels.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from ensemble_switchover.data.images import ImageSet

CHUNK_BYTES = 1 << 24


def pixel_moments(images: np.ndarray) -> np.ndarray:
    """Sum the pixels of every image, and their squares.

    Args:
        images: (N, C, H, W) `uint8`

    Returns:
        (N, 2, C) `int64`

    >>> pixel_moments(np.array([[[[1, 2], [3, 4]]]], dtype=np.uint8)).tolist()
    [[[10], [30]]]
    """
    num_images, channels = images.shape[:2]
    moments = np.empty((num_images, 2, channels), dtype=np.int64)
    squares = np.arange(256, dtype=np.uint32) ** 2
    step = max(1, CHUNK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, num_images, step):
        pixels = images[start : start + step].reshape(-1, channels, *images.shape[2:])
        moments[start : start + step, 0] = pixels.sum(axis=(2, 3), dtype=np.int64)
        moments[start : start + step, 1] = squares[pixels].sum(axis=(2, 3), dtype=np.int64)
    return moments


def mean_and_deviation(moments: np.ndarray, pixels_per_image: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation (C,) of pixels between 0 and 1.

    Args:
        moments: (N, 2, C) of the images, as `pixel_moments` gives them.
        pixels_per_image: H times W.

    >>> mean, deviation = mean_and_deviation(np.array([[[255], [65025]]]), pixels_per_image=2)
    >>> mean.tolist(), deviation.tolist()
    ([0.5], [0.5])
    """
    count = len(moments) * pixels_per_image
    means, deviations = [], []
    for total, squares in moments.sum(axis=0).T.tolist():
        means.append(total / (255 * count))
        # Python's integers: no cancellation
        deviations.append((count * squares - total**2) ** 0.5 / (255 * count))
    return np.array(means), np.array(deviations)


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Mean and standard deviation (C,) of pixels between 0 and 1, over the training images."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Normalisation:
        """Measure images (N, C, H, W) of `uint8`; a constant channel gets deviation 1."""
        levels = torch.arange(256, dtype=torch.float64) / 255
        means, deviations = [], []
        for channel in images.cpu().unbind(dim=1):
            share = torch.bincount(channel.flatten(), minlength=256).double() / channel.numel()
            mean = (share * levels).sum()
            means.append(mean)
            deviations.append((share * (levels - mean) ** 2).sum().sqrt())
        deviation = torch.stack(deviations)
        deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
        return cls(torch.stack(means), deviation)

    @classmethod
    def of_set(cls, data: ImageSet) -> Normalisation:
        """Measure a set, by its moments where they are known: the pixels are not looked at."""
        if data.moments is None:
            return cls.of(data.images)
        mean, deviation = mean_and_deviation(data.moments, data.images[0, 0].numel())
        deviation[deviation == 0] = 1
        return cls(torch.from_numpy(mean), torch.from_numpy(deviation))

    def on(self, device: torch.device, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        """Return the standardisation of images (B, C, H, W) of `uint8` that lie on a device.

        Its factors are moved there once, so that no batch waits for them.
        """
        scale, shift = (factor.to(device) for factor in self.factors(dtype))
        return lambda images: images.to(dtype) * scale - shift

    def factors(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return what `uint8` pixels are multiplied by, and what is then taken off: (C, 1, 1)."""
        scale = (1 / (255 * self.deviation)).to(dtype)[:, None, None]
        shift = (self.mean / self.deviation).to(dtype)[:, None, None]
        return scale, shift

    def apply(self, images: Tensor, dtype: torch.dtype) -> Tensor:
        """Turn images (B, C, H, W) of `uint8` into standardised floating point."""
        return self.on(images.device, dtype)(images)
