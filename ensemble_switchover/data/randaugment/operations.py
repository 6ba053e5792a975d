"""The operations of RandAugment and how strong they are.

Cubuk et al. 2020 ("RandAugment: Practical automated data augmentation with a reduced search
space", section 3) draw uniformly from 14 operations and share one magnitude among them. The list,
its order and the ranges of the magnitudes are those of `torchvision.transforms.RandAugment`.
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
"""They move pixels and keep their values; they stand side by side in the list."""

NUM_BINS = 31
"""Magnitudes are 0 to 30."""
MAX_TRANSLATION = 150 / 331
"""Share of the image's side, as for the 331 pixels of ImageNet in AutoAugment."""


@dataclass(frozen=True, slots=True)
class RandAugment:
    """How many operations every image takes one after another, and how strong they are."""

    num_operations: int = 2
    magnitude: int = 14
    """The bin, 0 to 30."""


@dataclass(frozen=True, slots=True)
class Magnitudes:
    """One bin's magnitudes; those with a sign are drawn with either."""

    shear: float
    """Pixels aside for a pixel away; with a sign."""
    translate_x: int
    """Pixels; with a sign."""
    translate_y: int
    rotate: float
    """Degrees; with a sign."""
    enhance: float
    """Brightness, colour, contrast and sharpness are multiplied by 1 plus it; with a sign."""
    bits: int
    """What posterising keeps of 8."""
    threshold: float
    """Values from it on are inverted by solarising."""

    @classmethod
    def of(cls, magnitude: int, height: int, width: int) -> Magnitudes:
        """Return the magnitudes of a bin for images of a size.

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
