"""Reduce images to fewer pixels, each the mean over the area that it covers.

Dimensions: N images, C channels, S pixels a side, R pixels a side once reduced.
"""

from __future__ import annotations

from math import lcm

import numpy as np

CHUNK_VALUES = 1 << 22
"""About how many pixels are averaged at a time, which take 8 bytes each meanwhile."""


def overlaps(side: int, reduced: int) -> np.ndarray:
    """Return how much of every pixel of a line lies in every pixel of a shorter line.

    Lengths are counted in the largest unit that divides the pixels of both lines, so that they are
    whole numbers, and sums of pixels weighted by them are exact.

    Args:
        side: S, the pixels of the line.
        reduced: R, the pixels of the shorter line, which is as long: 1 to S.

    Returns:
        (R, S) `float64`, whole numbers; a row sums to the units in a pixel of the shorter line.

    >>> overlaps(4, 2).tolist()
    [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]
    >>> overlaps(3, 2).tolist()
    [[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]]
    """
    units = lcm(side, reduced)
    starts = np.arange(side) * (units // side)
    ends = starts + units // side
    reduced_starts = (np.arange(reduced) * (units // reduced))[:, None]
    reduced_ends = reduced_starts + units // reduced
    shared = np.minimum(ends, reduced_ends) - np.maximum(starts, reduced_starts)
    return np.asarray(np.maximum(shared, 0), dtype=np.float64)


def area_means(images: np.ndarray, reduced: int) -> np.ndarray:
    """Average square images over the areas that their new pixels cover.

    The sum over an area is exact; its mean is rounded once, a half to the even neighbour.

    Args:
        images: (N, C, S, S) `uint8`.
        reduced: R, the pixels of the new side, 1 to S.

    Returns:
        (N, C, R, R) `uint8`; the images themselves where R is S.

    >>> area_means(np.array([[[[10, 20], [30, 41]]]], dtype=np.uint8), 1).tolist()
    [[[[25]]]]
    """
    num_images, channels, height, side = images.shape
    assert images.dtype == np.uint8, images.dtype
    assert height == side, images.shape
    assert 1 <= reduced <= side, reduced
    if reduced == side:
        return images
    weights = overlaps(side, reduced)
    area = weights[0].sum() ** 2
    means = np.empty((num_images, channels, reduced, reduced), dtype=np.uint8)
    step = max(1, CHUNK_VALUES // max(1, channels * side**2))
    for start in range(0, num_images, step):
        chunk = images[start : start + step].astype(np.float64)
        lines = chunk.reshape(-1, side) @ weights.T  # (N C S, R)
        sums = weights @ lines.reshape(-1, side, reduced)  # (N C, R, R)
        means[start : start + step] = np.rint(sums / area).reshape(-1, *means.shape[1:])
    return means
