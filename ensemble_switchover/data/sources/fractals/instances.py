"""Draw the images of the fractals, each a random variation of its class's system."""

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
"""The steps of every walker, which give 5,120 points per image."""


@dataclass(frozen=True, slots=True)
class InstanceVariation:
    """How much the images of a class vary, and how similar the classes are."""

    weights: float
    """The largest relative change of a coefficient; 0.2 in FractalDB."""
    rotation_degrees: float
    """The largest rotation in either direction, in degrees."""
    noise: float
    """The standard deviation of the noise on pixel values from 0 to 1."""
    similarity: float
    """The similarity of related classes, 0 to 1."""

    @classmethod
    def of(cls, difficulty: float) -> InstanceVariation:
        """Return the variation at a difficulty from 0 to 1; 0.5 gives the weights of FractalDB.

        >>> InstanceVariation.of(0.5)
        InstanceVariation(weights=0.2, rotation_degrees=90.0, noise=0.2, similarity=0.4)
        """
        return cls(0.4 * difficulty, 180.0 * difficulty, 0.4 * difficulty, 0.8 * difficulty)


def draw_images(
    classes: FunctionSystems, labels: np.ndarray, variation: InstanceVariation, stream: list[int]
) -> np.ndarray:
    """Draw one image per label.

    Args:
        classes: The systems of the classes.
        labels: (N,) the class of every image.
        variation: How much the images of a class vary.
        stream: The seeds of the images, which also depend on N.

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
