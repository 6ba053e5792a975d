"""The operations on colours, for batches of `uint8` images, each with its own factor.

The arithmetic is torchvision's, step by step in float32, so that results agree to the bit.

Dimensions: B images, C channels (1 or 3), H and W pixels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

GREY_WEIGHTS = (0.2989, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601, as torchvision rounds them)."""


def brightness(images: Tensor, factors: Tensor) -> Tensor:
    """Blend images (B, C, H, W) with black by factors (2, B): their own and the other's."""
    return _as_pixels(images.float().mul_(factors[0, :, None, None, None]))


def colour(images: Tensor, factors: Tensor) -> Tensor:
    """Blend colour images with their grey ones; grey ones stay as they are."""
    return images if images.shape[1] == 1 else _blend(images, _grey(images), factors)


def contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Blend every image with its mean grey."""
    grey = images.float() if images.shape[1] == 1 else _grey(images)
    return _blend(images, grey.mean(dim=(1, 2, 3), keepdim=True), factors)


def sharpness(images: Tensor, factors: Tensor) -> Tensor:
    """Blend images with themselves smoothed; pixels of the border are not smoothed."""
    return images if min(images.shape[2:]) < 3 else _blend(images, _smooth(images), factors)


def posterize(images: Tensor, bits: int) -> Tensor:
    """Keep the highest bits of every value."""
    kept: Tensor = images & (256 - (1 << (8 - bits)))
    return kept


def solarize(images: Tensor, threshold: float) -> Tensor:
    """Invert values from a threshold on."""
    bright = images >= math.ceil(threshold)
    return images ^ bright.view(torch.uint8).neg_()  # the bits of 255 invert, those of 0 keep


def autocontrast(images: Tensor) -> Tensor:
    """Stretch every channel of every image to 0 to 255; a constant channel stays."""
    lowest = images.amin(dim=(2, 3), keepdim=True).float()
    highest = images.amax(dim=(2, 3), keepdim=True).float()
    constant = highest == lowest
    scale = torch.where(constant, 1.0, 255 / (highest - lowest))
    lowest = torch.where(constant, 0.0, lowest)
    return _as_pixels(images.float().sub_(lowest).mul_(scale))


def equalize(images: Tensor) -> Tensor:
    """Spread the values of every channel of every image evenly, by its histogram."""
    values = images.flatten(2).long()
    histogram = torch.zeros((*images.shape[:2], 256), dtype=torch.long, device=images.device)
    histogram.scatter_add_(2, values, torch.ones_like(values))
    of_the_highest = histogram.gather(2, values.amax(dim=2, keepdim=True))
    step = torch.div(values.shape[2] - of_the_highest, 255, rounding_mode="floor")
    darker = histogram.cumsum(dim=2).sub_(histogram).add_(step // 2)
    # float32 divides such counts to the integer below, for images of less than 2**24 pixels
    spread = _as_pixels(darker.float().div_(step.clamp(min=1)))
    spread[..., 0] = 0
    unchanged = torch.arange(256, dtype=torch.uint8, device=images.device)
    return torch.where(step > 0, spread, unchanged).gather(2, values).view(images.shape)


def _blend(images: Tensor, others: Tensor, factors: Tensor) -> Tensor:
    own, rest = factors[:, :, None, None, None]
    return _as_pixels(images.float().mul_(own).add_(others * rest))


def _as_pixels(values: Tensor) -> Tensor:
    return values.clamp_(0, 255).to(torch.uint8)


def _grey(images: Tensor) -> Tensor:
    """Return (B, 1, H, W), integers as float32."""
    red, green, blue = images.float().unbind(dim=1)
    weights = GREY_WEIGHTS
    return (weights[0] * red + weights[1] * green + weights[2] * blue).floor_()[:, None]


def _smooth(images: Tensor) -> Tensor:
    """Average 3x3 pixels, the middle one five times, to the nearest integer as float32."""
    values = images.short()
    rows = values[:, :, :-2] + values[:, :, 1:-1] + values[:, :, 2:]
    sums = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:] + 4 * values[:, :, 1:-1, 1:-1]
    smoothed = images.float()
    # 13 is odd: no mean lies half-way between two integers, so float32 cannot round another way
    smoothed[:, :, 1:-1, 1:-1] = sums.float().div_(13).round_()
    return smoothed
