"""The operations of RandAugment and their strengths.

Cubuk et al. 2020 ("RandAugment: Practical automated data augmentation with a reduced search
space", section 3) draw uniformly from 14 operations, which share one magnitude. The list, its order
and the ranges of the strengths are those of `torchvision.transforms.RandAugment`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

OPERATIONS = (
    "Identity",
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "Rotate",
    "Brightness",
    "Color",
    "Contrast",
    "Sharpness",
    "Posterize",
    "Solarize",
    "AutoContrast",
    "Equalize",
)
GEOMETRIC = OPERATIONS[1:6]
"""The operations that move pixels and keep their values; they are consecutive in the list."""

NUM_BINS = 31
"""The number of magnitudes, 0 to 30."""
MAX_TRANSLATION = 150 / 331
"""The largest translation as a fraction of the side, from AutoAugment's 331-pixel ImageNet."""


@dataclass(frozen=True, slots=True)
class RandAugment:
    """The two parameters of RandAugment."""

    num_operations: int = 2
    """The number of operations applied to every image, one after another."""
    magnitude: int = 14
    """The strength of the operations, 0 to 30."""


@dataclass(frozen=True, slots=True)
class Magnitudes:
    """The strength of every operation at one magnitude; either sign is drawn where one applies."""

    shear: float
    """The shear in pixels per pixel, of either sign."""
    translate_x: int
    """The horizontal translation in pixels, of either sign."""
    translate_y: int
    """The vertical translation in pixels, of either sign."""
    rotate: float
    """The rotation in degrees, of either sign."""
    enhance: float
    """The change of brightness, colour, contrast and sharpness from factor 1, of either sign."""
    bits: int
    """The bits that posterizing keeps, of 8."""
    threshold: float
    """The smallest value that solarizing inverts."""

    @classmethod
    def of(cls, magnitude: int, height: int, width: int) -> Magnitudes:
        """Return the strengths at a magnitude from 0 to 30, for images of a size in pixels.

        >>> Magnitudes.of(14, 32, 32).translate_x, Magnitudes.of(14, 32, 32).bits
        (6, 6)
        """

        def at(first: float, last: float) -> float:
            return torch.linspace(first, last, NUM_BINS)[magnitude].item()

        return cls(
            shear=at(0.0, 0.3),
            translate_x=int(at(0.0, MAX_TRANSLATION * width)),
            translate_y=int(at(0.0, MAX_TRANSLATION * height)),
            rotate=at(0.0, 30.0),
            enhance=at(0.0, 0.9),
            bits=8 - round(4 * magnitude / (NUM_BINS - 1)),
            threshold=at(255.0, 0.0),
        )
