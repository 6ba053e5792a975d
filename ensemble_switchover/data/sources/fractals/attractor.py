"""Find points on the attractors of many iterated function systems at once, by the chaos game.

Dimensions: S systems, M maps (the largest number of a system), P points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_MAPS = 8
TABLE_SIZE = 256
"""The number of entries in the table that turns a random byte into a map."""
MAX_STRETCH = 0.97
"""The largest factor by which a map may stretch any direction; below 1, orbits stay bounded."""
NUM_WALKERS = 128
BURN_IN_STEPS = 4
"""The first steps, left out: all walkers start at the same point of the attractor."""


@dataclass(frozen=True, slots=True)
class FunctionSystems:
    """Iterated function systems of affine maps: (x, y) goes to (ax + by + e, cx + dy + f)."""

    maps: np.ndarray
    """(S, M, 6) `float32`: the coefficients a, b, c, d, e, f."""
    num_maps: np.ndarray
    """(S,) the number of maps of each system, 2 to M; further maps are never chosen."""

    def __len__(self) -> int:
        return len(self.maps)

    def take(self, indices: np.ndarray) -> FunctionSystems:
        """Return the systems at `indices`."""
        return FunctionSystems(self.maps[indices], self.num_maps[indices])


def make_contractive(maps: np.ndarray) -> np.ndarray:
    """Scale down the linear part of maps (..., 6) that stretch by more than `MAX_STRETCH`."""
    linear = maps[..., :4].astype(np.float64)
    squares = (linear**2).sum(axis=-1)
    determinants = linear[..., 0] * linear[..., 3] - linear[..., 1] * linear[..., 2]
    largest = np.sqrt((squares + np.sqrt(np.maximum(squares**2 - 4 * determinants**2, 0))) / 2)
    contracted = maps.copy()
    contracted[..., :4] *= np.minimum(1, MAX_STRETCH / np.maximum(largest, 1e-9))[..., None]
    return contracted


def chaos_game(
    systems: FunctionSystems, steps: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Apply random maps to the walkers of every system (Barnsley 1988).

    Every map is drawn with a probability proportional to its determinant, as in FractalDB.

    Args:
        systems: The systems.
        steps: The number of steps of every walker.
        generator: The generator of the draws.

    Returns:
        The points (S, P, 2) `float32`, and the index (S, P) of the map that led to each of them,
        where P is `NUM_WALKERS * steps`.
    """
    num_systems = len(systems)
    table = _table(systems)
    coefficients = np.take_along_axis(systems.maps, table[:, :, None].astype(np.intp), axis=1)
    coefficients = np.ascontiguousarray(coefficients.transpose(2, 0, 1)).reshape(6, -1)
    rows = (np.arange(num_systems, dtype=np.int32) * TABLE_SIZE)[:, None]
    x, y = (np.repeat(start[:, None], NUM_WALKERS, axis=1) for start in _fixed_points(systems.maps))
    points = np.empty((steps, 2, num_systems, NUM_WALKERS), dtype=np.float32)
    chosen = np.empty((steps, num_systems, NUM_WALKERS), dtype=np.uint8)
    for step in range(-BURN_IN_STEPS, steps):
        drawn = generator.integers(0, TABLE_SIZE, (num_systems, NUM_WALKERS), dtype=np.uint8) + rows
        a, b, c, d, e, f = (coefficient.take(drawn) for coefficient in coefficients)
        x, y = a * x + b * y + e, c * x + d * y + f
        if step >= 0:
            points[step] = x, y
            chosen[step] = table.ravel().take(drawn)
    by_system = points.transpose(2, 0, 3, 1).reshape(num_systems, -1, 2)
    return by_system, chosen.transpose(1, 0, 2).reshape(num_systems, -1)


def _table(systems: FunctionSystems) -> np.ndarray:
    """Return the indices of maps (S, TABLE_SIZE), each in proportion to its probability."""
    a, b, c, d = np.moveaxis(systems.maps[..., :4].astype(np.float64), -1, 0)
    areas = np.maximum(np.abs(a * d - b * c), 0.02)
    areas[np.arange(systems.maps.shape[1]) >= systems.num_maps[:, None]] = 0
    ends = np.rint(areas.cumsum(axis=1) / areas.sum(axis=1, keepdims=True) * TABLE_SIZE)
    table: np.ndarray = (np.arange(TABLE_SIZE)[None, :, None] >= ends[:, None]).sum(axis=2)
    return table.astype(np.uint8)


def _fixed_points(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x (S,) and y (S,) of the first map's fixed point, which is on the attractor."""
    a, b, c, d, e, f = maps[:, 0].T.astype(np.float64)
    determinant = (1 - a) * (1 - d) - b * c
    x = ((1 - d) * e + b * f) / determinant
    y = (c * e + (1 - a) * f) / determinant
    return x.astype(np.float32), y.astype(np.float32)
