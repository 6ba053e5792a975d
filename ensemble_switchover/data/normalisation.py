"""Sums of pixels and of their squares, image by image, in integers.

Mean and deviation of any subset follow from them exactly, without another look at the pixels.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

import numpy as np

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
