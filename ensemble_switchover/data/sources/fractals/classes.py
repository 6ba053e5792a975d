"""The classes of the fractals: one iterated function system each.

In the manner of FractalDB (Kataoka et al., "Pre-training without Natural Images", ACCV 2020,
section 3): the number of maps and their coefficients are drawn at random, and a system is taken
as a class if its attractor fills enough of the picture.
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

RELATED = 5
"""Classes in a row that are drawn towards one system of their own, and so look alike."""
CANDIDATES = 16
"""FunctionSystems that are drawn at once for a class."""
CLASS_STEPS = 24
"""Of every walker, to see how much a system fills."""
SLACKENING = 0.95
"""Of the similarity, each time that no candidate is suitable; so the search ends."""
LEAST_FILLED = 0.2
MOST_FILLED = 0.7
"""Share of a picture's pixels. FractalDB has no upper bound; without it, classes are blots."""


def draw_classes(num_classes: int, similarity: float, seed: int) -> FunctionSystems:
    """Draw the systems of the classes.

    Args:
        num_classes: How many; the first ones are the same however many there are.
        similarity: 0 for classes that have nothing in common; towards 1, those that stand
            together become the same.
        seed: Decides the systems.
    """
    drawn = [_draw_class(number, similarity, seed) for number in range(num_classes)]
    return FunctionSystems(
        np.stack([maps for maps, _ in drawn]), np.array([count for _, count in drawn])
    )


def _draw_class(number: int, similarity: float, seed: int) -> tuple[np.ndarray, int]:
    shared = np.random.default_rng([seed, 0, number // RELATED])
    num_maps = int(shared.integers(2, MAX_MAPS + 1))
    middle = _first_suitable(shared, num_maps)
    own = np.random.default_rng([seed, 1, number])
    return _first_suitable(own, num_maps, middle, similarity), num_maps


def _first_suitable(
    generator: np.random.Generator,
    num_maps: int,
    middle: np.ndarray | float = 0.0,
    similarity: float = 0.0,
) -> np.ndarray:
    """Draw maps (M, 6) towards the middle until their attractor fills enough."""
    while True:
        drawn = generator.uniform(-1, 1, (CANDIDATES, MAX_MAPS, 6)).astype(np.float32)
        maps = make_contractive(middle * similarity + make_contractive(drawn) * (1 - similarity))
        points, _ = chaos_game(
            FunctionSystems(maps, np.full(CANDIDATES, num_maps)), CLASS_STEPS, generator
        )
        filled = filling_rates(pixels_of(points))
        suitable = np.flatnonzero((filled >= LEAST_FILLED) & (filled <= MOST_FILLED))
        if len(suitable):
            found: np.ndarray = maps[suitable[0]]
            return found
        similarity *= SLACKENING
