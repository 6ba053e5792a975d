"""Draw RandAugment's operations for the images of a batch, and apply them.

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
        settings: RandAugment's parameters.
        size: The number of images.
        generator: The generator of the draws, on the CPU.

    Returns:
        (size, n) codes on the CPU: `2 * i` is operation `i` with its positive strength,
        `2 * i + 1` with its negative strength, if the operation has a sign.
    """
    shape = (size, settings.num_operations)
    return torch.randint(0, 2 * len(OPERATIONS), shape, generator=generator)


def transform(images: Tensor, codes: Tensor, magnitude: int) -> Tensor:
    """Apply to every image the operations that were drawn for it.

    All images of one operation are transformed together, and so are all that are sheared,
    translated or rotated. The codes are on the CPU, so that no device has to be waited for to know
    how many images an operation has.

    Args:
        images: (B, C, H, W) `uint8`, with 1 or 3 channels.
        codes: (B, n), as `draw_operations` returns them.
        magnitude: The strength of the operations, 0 to 30.

    Returns:
        (B, C, H, W) `uint8`.
    """
    for step in codes.unbind(dim=1):
        result = images.clone()
        on_device = step.to(images.device)
        for operation, chosen in _by_operation(step, images.device):
            result[chosen] = _apply(operation, images[chosen], on_device[chosen], magnitude)
        images = result
    return images


def _by_operation(codes: Tensor, device: torch.device) -> Iterator[tuple[str, Tensor]]:
    """Yield every drawn operation with the indices of its images; motions count as one."""
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
    """Return (2, 2): the weights of image and blend (rows) for either sign (columns)."""
    factors = [1.0 + enhance, 1.0 - enhance]
    return torch.tensor([factors, [1.0 - factor for factor in factors]]).to(device)
