"""Every image of a batch through its own operations.

Dimensions: B images, n operations of an image, C channels, H and W pixels.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.data.randaugment import colour
from ensemble_switchover.data.randaugment.geometry import move
from ensemble_switchover.data.randaugment.operations import (
    GEOMETRIC,
    OPERATIONS,
    Magnitudes,
    RandAugment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

FIRST_MOTION = 2 * OPERATIONS.index(GEOMETRIC[0])
"""The code of the first motion."""


def draw_operations(settings: RandAugment, size: int, generator: torch.Generator) -> Tensor:
    """Draw the operations and signs of `size` images.

    Args:
        settings: How many operations an image takes.
        size: Number of images.
        generator: Decides the draws, and nothing else does.

    Returns:
        (size, n) codes on the CPU: `2 * i` is operation `i` by its magnitude, `2 * i + 1` by
        minus that, where the operation has a sign.
    """
    shape = (size, settings.num_operations)
    return torch.randint(0, 2 * len(OPERATIONS), shape, generator=generator)


def transform(images: Tensor, codes: Tensor, magnitude: int) -> Tensor:
    """Apply to every image the operations that were drawn for it.

    Images of the same operation are taken together, and all those that are sheared, translated or
    rotated are moved at once. The codes lie on the CPU, so that a device need not be asked how
    many images an operation has.

    Args:
        images: (B, C, H, W) of `uint8`, 1 or 3 channels.
        codes: (B, n), as drawn.
        magnitude: The bin, 0 to 30.

    Returns:
        (B, C, H, W) of `uint8`.
    """
    for step in codes.unbind(dim=1):
        result = images.clone()
        on_device = step.to(images.device)
        for operation, chosen in _by_operation(step, images.device):
            result[chosen] = _apply(operation, images[chosen], on_device[chosen], magnitude)
        images = result
    return images


def _by_operation(codes: Tensor, device: torch.device) -> Iterator[tuple[str, Tensor]]:
    """Yield the operations that occur with the positions of their images, motions as one."""
    operations = codes // 2
    operations[(operations > 0) & (operations <= len(GEOMETRIC))] = 1
    order = operations.argsort(stable=True).to(device)
    counts = torch.bincount(operations, minlength=len(OPERATIONS)).tolist()
    for operation, chosen in zip(OPERATIONS, torch.split(order, counts), strict=True):
        if len(chosen) and operation != "Identity":
            yield operation, chosen


def _apply(operation: str, images: Tensor, codes: Tensor, magnitude: int) -> Tensor:
    by = Magnitudes.of(magnitude, *images.shape[2:])
    if operation == GEOMETRIC[0]:
        return move(images, codes - FIRST_MOTION, magnitude)
    if operation in _ENHANCEMENTS:
        factors = _factors(by.enhance, images.device)[:, codes % 2]
        return _ENHANCEMENTS[operation](images, factors)
    if operation == "Posterize":
        return colour.posterize(images, by.bits)
    if operation == "Solarize":
        return colour.solarize(images, by.threshold)
    return colour.autocontrast(images) if operation == "AutoContrast" else colour.equalize(images)


_ENHANCEMENTS = {
    "Brightness": colour.brightness,
    "Color": colour.colour,
    "Contrast": colour.contrast,
    "Sharpness": colour.sharpness,
}


@lru_cache(maxsize=16)
def _factors(enhance: float, device: torch.device) -> Tensor:
    """Return (2, 2): factors and what they lack of 1, for either sign."""
    factors = [1.0 + enhance, 1.0 - enhance]
    return torch.tensor([factors, [1.0 - factor for factor in factors]]).to(device)
