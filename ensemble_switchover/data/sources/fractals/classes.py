"""Draw the classes of the fractals, one iterated function system each.

As in FractalDB (Kataoka et al., "Pre-training without Natural Images", ACCV 2020, section 3), the
number of maps and their coefficients are random, and a system becomes a class if its attractor
fills enough of the picture.
"""

from __future__ import annotations

import numpy as np

from ensemble_switchover.data.sources.fractals.attractor import (
    MAX_MAPS,
    FunctionSystems,
    chaos_game,
    make_contractive,
)
from ensemble_switchover.data.sources.fractals.picture import filling_rates, pixels_of

RELATED_CLASSES = 5
"""The number of consecutive classes that are drawn towards a common system, and so look alike."""
NUM_CANDIDATES = 16
"""The number of systems that are drawn at once for a class."""
CLASS_STEPS = 24
"""The steps of every walker to measure a system's filling rate."""
SIMILARITY_DECAY = 0.95
"""The factor of the similarity each time that no candidate is suitable, so that the search ends."""
MIN_FILLING_RATE = 0.2
MAX_FILLING_RATE = 0.7
"""Bounds of the fraction of pixels with a point; FractalDB has no upper one, which allows blots."""


def draw_classes(num_classes: int, similarity: float, seed: int) -> FunctionSystems:
    """Draw the systems of the classes.

    Args:
        num_classes: The number of classes; a smaller number gives the first of them.
        similarity: From 0, where classes have nothing in common, to 1, where related classes
            become equal.
        seed: The seed of the systems.
    """
    all_maps, counts = [], []
    for first in range(0, num_classes, RELATED_CLASSES):
        shared = np.random.default_rng([seed, 0, first // RELATED_CLASSES])
        num_maps = int(shared.integers(2, MAX_MAPS + 1))
        middle = _first_suitable(shared, num_maps)
        for number in range(first, min(first + RELATED_CLASSES, num_classes)):
            own = np.random.default_rng([seed, 1, number])
            all_maps.append(_first_suitable(own, num_maps, middle, similarity))
            counts.append(num_maps)
    return FunctionSystems(np.stack(all_maps), np.array(counts))


def _first_suitable(
    generator: np.random.Generator,
    num_maps: int,
    middle: np.ndarray | float = 0.0,
    similarity: float = 0.0,
) -> np.ndarray:
    """Draw maps (M, 6) near `middle` until the filling rate of their attractor is suitable."""
    while True:
        drawn = generator.uniform(-1, 1, (NUM_CANDIDATES, MAX_MAPS, 6)).astype(np.float32)
        maps = make_contractive(middle * similarity + make_contractive(drawn) * (1 - similarity))
        points, _ = chaos_game(
            FunctionSystems(maps, np.full(NUM_CANDIDATES, num_maps)), CLASS_STEPS, generator
        )
        filled = filling_rates(pixels_of(points))
        suitable = np.flatnonzero((filled >= MIN_FILLING_RATE) & (filled <= MAX_FILLING_RATE))
        if len(suitable):
            found: np.ndarray = maps[suitable[0]]
            return found
        similarity *= SIMILARITY_DECAY
