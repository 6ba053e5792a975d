"""The images of the fractals: every one its class's system, varied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ensemble_switchover.data.sources.fractals.attractor import (
    MAX_MAPS,
    FunctionSystems,
    chaos_game,
    make_contractive,
)
from ensemble_switchover.data.sources.fractals.picture import SIDE, paint, pixels_of, rotated

INSTANCE_STEPS = 40
"""Of every walker: 5,120 points an image."""


@dataclass(frozen=True, slots=True)
class InstanceVariation:
    """How the images of a class differ, and how much the classes have in common."""

    weights: float
    """A coefficient is multiplied by 1 plus or minus up to this; FractalDB: 0.2."""
    rotation_degrees: float
    """Largest angle, to either side."""
    noise: float
    """Standard deviation of what is added to every value, of values from 0 to 1."""
    similarity: float
    """How far related classes are drawn towards each other, 0 to 1."""

    @classmethod
    def of(cls, difficulty: float) -> InstanceVariation:
        """Return the variation at a difficulty from 0 to 1; at 0.5 the weights are FractalDB's.

        >>> InstanceVariation.of(0.5)
        InstanceVariation(weights=0.2, rotation_degrees=90.0, noise=0.2, similarity=0.4)
        """
        return cls(0.4 * difficulty, 180.0 * difficulty, 0.4 * difficulty, 0.8 * difficulty)


def draw_images(
    classes: FunctionSystems, labels: np.ndarray, variation: InstanceVariation, stream: list[int]
) -> np.ndarray:
    """Draw one image a label (N,).

    Args:
        classes: The systems.
        labels: (N,)
        variation: How much images of a class differ.
        stream: Seeds; they and the number of images decide the images.

    Returns:
        (N, 3, 32, 32) `uint8`.
    """
    generator = np.random.default_rng(stream)

    def draw(*shape: int) -> np.ndarray:
        return generator.random((len(labels), *shape), dtype=np.float32)

    factors = 1 + variation.weights * (2 * draw(MAX_MAPS, 6) - 1)
    degrees = variation.rotation_degrees * (2 * draw() - 1)
    colours, backgrounds = 0.35 + 0.65 * draw(MAX_MAPS, 3), 0.25 * draw(3)
    noise = generator.standard_normal((len(labels), 3, SIDE, SIDE), dtype=np.float32)
    own = classes.take(labels)
    varied = FunctionSystems(make_contractive(own.maps * factors), own.num_maps)
    points, chosen = chaos_game(varied, INSTANCE_STEPS, generator)
    picture = paint(pixels_of(rotated(points, degrees)), chosen, colours, backgrounds)
    values = 255 * (picture + variation.noise * noise)
    images: np.ndarray = values.round().clip(0, 255).astype(np.uint8)
    return images
