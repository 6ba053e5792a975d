"""Normalise images by the mean and standard deviation of the training images, or by 255 alone.

The sums of the pixels of every image, and of their squares, are kept as integers: they give the
exact mean and deviation of any subset without reading the pixels again.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ensemble_switchover.config.dataset_config import STANDARDISED

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

CHUNK_BYTES = 1 << 24


def pixel_moments(images: np.ndarray) -> np.ndarray:
    """Sum the pixels of every image, and the squares of its pixels.

    Args:
        images: (N, C, H, W) `uint8`.

    Returns:
        (N, 2, C) `int64`, the sums before the sums of squares.

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
    """Return the mean and standard deviation (C,) of pixels scaled to 0 to 1.

    Args:
        moments: (N, 2, C), as `pixel_moments` returns them.
        pixels_per_image: H times W.

    >>> mean, deviation = mean_and_deviation(np.array([[[255], [65025]]]), pixels_per_image=2)
    >>> mean.tolist(), deviation.tolist()
    ([0.5], [0.5])
    """
    count = len(moments) * pixels_per_image
    means, deviations = [], []
    for total, squares in moments.sum(axis=0).T.tolist():
        means.append(total / (255 * count))
        # integers of Python do not overflow or cancel
        deviations.append((count * squares - total**2) ** 0.5 / (255 * count))
    return np.array(means), np.array(deviations)


@dataclass(frozen=True, slots=True)
class Normalisation:
    """A mean and a deviation by which pixels are normalised, once they are scaled to 0 to 1.

    They are those of the training images, or 0 and 1, which leave the pixels as they are.
    """

    mean: Tensor
    """(C,) `float64`"""
    deviation: Tensor
    """(C,) `float64`; 1 for a channel that is constant."""

    @classmethod
    def asked_for(
        cls, asked: str, images: Tensor, moments: np.ndarray | None = None
    ) -> Normalisation:
        """Return what `dataset.normalisation=` asks for: `standardised`, or `scaled` to 0 to 1.

        Args:
            asked: The value of the key.
            images: The training images, (N, C, H, W) `uint8`.
            moments: (N, 2, C), as `pixel_moments` returns them.
        """
        if asked == STANDARDISED:
            return cls.of(images, moments)
        channels = images.shape[1]
        return cls(
            torch.zeros(channels, dtype=torch.float64), torch.ones(channels, dtype=torch.float64)
        )

    @classmethod
    def of(cls, images: Tensor, moments: np.ndarray | None = None) -> Normalisation:
        """Compute the mean and deviation of images, from their moments alone if they are known.

        Args:
            images: (N, C, H, W) `uint8`.
            moments: (N, 2, C), as `pixel_moments` returns them.
        """
        if moments is None:
            moments = pixel_moments(images.cpu().numpy())
        mean, deviation = mean_and_deviation(moments, images[0, 0].numel())
        deviation[deviation == 0] = 1
        return cls(torch.from_numpy(mean), torch.from_numpy(deviation))

    def on(self, device: torch.device, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        """Return a function that normalises `uint8` images (B, C, H, W) on a device.

        The factors are moved to the device once, not with every batch.
        """
        scale, shift = (factor.to(device) for factor in self.factors(dtype))
        return lambda images: images.to(dtype) * scale - shift

    def factors(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return the factor (C, 1, 1) for `uint8` pixels, and what is then subtracted (C, 1, 1)."""
        scale = (1 / (255 * self.deviation)).to(dtype)[:, None, None]
        shift = (self.mean / self.deviation).to(dtype)[:, None, None]
        return scale, shift

    def apply(self, images: Tensor, dtype: torch.dtype) -> Tensor:
        """Normalise `uint8` images (B, C, H, W) to floating point."""
        return self.on(images.device, dtype)(images)
