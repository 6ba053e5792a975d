"""Paint points on attractors as pictures of 32x32 pixels.

Dimensions: S systems, P points, H and W pixels.
"""

from __future__ import annotations

import numpy as np

SIDE = 32
"""The side of a picture in pixels."""
MARGIN = 2
"""The empty margin on every side, in pixels."""


def rotated(points: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Rotate points (S, P, 2) counter-clockwise by one angle per system (S,)."""
    radians = np.deg2rad(degrees)
    cosine, sine = (f(radians).astype(np.float32)[:, None] for f in (np.cos, np.sin))
    x, y = points[..., 0], points[..., 1]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)


def pixels_of(points: np.ndarray) -> np.ndarray:
    """Scale the points (S, P, 2) of every system to its picture; return pixel indices (S, P)."""
    lowest, highest = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    extent = np.maximum((highest - lowest).max(axis=2, keepdims=True), 1e-6)
    room = SIDE - 2 * MARGIN
    centred = (points - (lowest + highest) / 2) * (room / extent) + SIDE / 2
    columns, rows = np.moveaxis(centred.astype(np.int16).clip(0, SIDE - 1), -1, 0)
    pixels: np.ndarray = (SIDE - 1 - rows).astype(np.int32) * SIDE + columns
    return pixels


def counts_of(pixels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the number of points in every pixel (S, H*W), or the sum of their weights (S, P)."""
    num_systems = len(pixels)
    bins = pixels + (np.arange(num_systems, dtype=np.int32) * SIDE**2)[:, None]
    flat = None if weights is None else weights.ravel()
    counts = np.bincount(bins.ravel(), flat, minlength=num_systems * SIDE**2)
    return counts.reshape(num_systems, SIDE**2)


def filling_rates(pixels: np.ndarray) -> np.ndarray:
    """Return the fraction of pixels (S,) with a point."""
    shares: np.ndarray = (counts_of(pixels) > 0).mean(axis=1)
    return shares


def paint(
    pixels: np.ndarray, chosen: np.ndarray, colours: np.ndarray, backgrounds: np.ndarray
) -> np.ndarray:
    """Paint every pixel in the mean colour of its points, brighter the more points it has.

    Args:
        pixels: (S, P) the pixel of every point.
        chosen: (S, P) the map that led to every point.
        colours: (S, M, 3) the colours of the maps, 0 to 1.
        backgrounds: (S, 3) the colours of the backgrounds, 0 to 1.

    Returns:
        (S, 3, H, W) `float32`, 0 to 1.
    """
    num_systems = len(pixels)
    counts = counts_of(pixels)
    most = np.maximum(counts.max(axis=1, keepdims=True), 1)
    cover = np.log1p(counts) / np.log1p(most)
    picture = np.empty((num_systems, 3, SIDE**2), dtype=np.float32)
    rows = np.arange(num_systems)[:, None] * colours.shape[1] + chosen
    for channel in range(3):
        sums = counts_of(pixels, colours[..., channel].ravel().take(rows))
        mean = sums / np.maximum(counts, 1)
        background = backgrounds[:, channel, None]
        picture[:, channel] = background + cover * (mean - background)
    return picture.reshape(num_systems, 3, SIDE, SIDE)
