"""RandAugment's operations on colours, for batches of `uint8` images.

The arithmetic follows torchvision's step by step in float32, so that results agree to the bit.
Factors (2, B) are the weight of each image itself and the weight of what it is blended with.

Dimensions: B images, C channels (1 or 3), H and W pixels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

GREY_WEIGHTS = (0.2989, 0.587, 0.114)
"""The weights of red, green and blue (ITU-R BT.601, as torchvision rounds them)."""


def brightness(images: Tensor, factors: Tensor) -> Tensor:
    """Blend images (B, C, H, W) with black."""
    return _as_pixels(images.float().mul_(factors[0, :, None, None, None]))


def colour(images: Tensor, factors: Tensor) -> Tensor:
    """Blend colour images (B, C, H, W) with their grey versions; grey images do not change."""
    return images if images.shape[1] == 1 else _blend(images, _grey(images), factors)


def contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Blend every image (B, C, H, W) with its mean grey value."""
    grey = images.float() if images.shape[1] == 1 else _grey(images)
    return _blend(images, grey.mean(dim=(1, 2, 3), keepdim=True), factors)


def sharpness(images: Tensor, factors: Tensor) -> Tensor:
    """Blend images (B, C, H, W) with smoothed versions, whose border pixels are not smoothed."""
    return images if min(images.shape[2:]) < 3 else _blend(images, _smooth(images), factors)


def posterize(images: Tensor, bits: int) -> Tensor:
    """Keep the highest `bits` bits of every value."""
    kept: Tensor = images & (256 - (1 << (8 - bits)))
    return kept


def solarize(images: Tensor, threshold: float) -> Tensor:
    """Invert all values of at least `threshold`."""
    bright = images >= math.ceil(threshold)
    return images ^ bright.view(torch.uint8).neg_()  # xor with 255 inverts, xor with 0 does not


def autocontrast(images: Tensor) -> Tensor:
    """Stretch every channel of every image to 0 to 255; a constant channel does not change."""
    lowest = images.amin(dim=(2, 3), keepdim=True).float()
    highest = images.amax(dim=(2, 3), keepdim=True).float()
    constant = highest == lowest
    scale = torch.where(constant, 1.0, 255 / (highest - lowest))
    lowest = torch.where(constant, 0.0, lowest)
    return _as_pixels(images.float().sub_(lowest).mul_(scale))


def equalize(images: Tensor) -> Tensor:
    """Equalize the histogram of every channel of every image."""
    values = images.flatten(2).long()
    histogram = torch.zeros((*images.shape[:2], 256), dtype=torch.long, device=images.device)
    histogram.scatter_add_(2, values, torch.ones_like(values))
    count_of_highest = histogram.gather(2, values.amax(dim=2, keepdim=True))
    step = torch.div(values.shape[2] - count_of_highest, 255, rounding_mode="floor")
    num_darker = histogram.cumsum(dim=2).sub_(histogram).add_(step // 2)
    # float32 rounds such quotients down correctly for images of less than 2**24 pixels
    equalized = _as_pixels(num_darker.float().div_(step.clamp(min=1)))
    equalized[..., 0] = 0
    unchanged = torch.arange(256, dtype=torch.uint8, device=images.device)
    return torch.where(step > 0, equalized, unchanged).gather(2, values).view(images.shape)


def _blend(images: Tensor, others: Tensor, factors: Tensor) -> Tensor:
    own, rest = factors[:, :, None, None, None]
    return _as_pixels(images.float().mul_(own).add_(others * rest))


def _as_pixels(values: Tensor) -> Tensor:
    return values.clamp_(0, 255).to(torch.uint8)


def _grey(images: Tensor) -> Tensor:
    """Return the grey values (B, 1, H, W), whole numbers in float32."""
    red, green, blue = images.float().unbind(dim=1)
    weights = GREY_WEIGHTS
    return (weights[0] * red + weights[1] * green + weights[2] * blue).floor_()[:, None]


def _smooth(images: Tensor) -> Tensor:
    """Average 3x3 pixels with weight 5 for the middle one, rounded to whole numbers in float32."""
    values = images.short()
    rows = values[:, :, :-2] + values[:, :, 1:-1] + values[:, :, 2:]
    sums = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:] + 4 * values[:, :, 1:-1, 1:-1]
    smoothed = images.float()
    # 13 is odd, so no mean lies half-way between two integers: float32 rounds as exact numbers do
    smoothed[:, :, 1:-1, 1:-1] = sums.float().div_(13).round_()
    return smoothed
