"""Augmentation of whole batches, each image with its own draw.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random crop after zero padding, and a random horizontal flip (He et al. 2016)."""

    padding: int
    """Pixels on every side; 0 leaves the crop out."""
    flip: bool


@dataclass(frozen=True, slots=True)
class Draws:
    """What was drawn for B images: crop offsets (B, 2) in pixels, and flips (B,)."""

    offsets: Tensor
    flips: Tensor

    def to(self, device: torch.device) -> Draws:
        """Move both to a device."""
        return Draws(self.offsets.to(device), self.flips.to(device))

    def select(self, start: int, stop: int) -> Draws:
        """Keep the draws of the images from `start` up to `stop`."""
        return Draws(self.offsets[start:stop], self.flips[start:stop])


def draw(augmentation: Augmentation, size: int, generator: torch.Generator) -> Draws:
    """Draw for `size` images; on the CPU, so that every device sees the same draws."""
    offsets = torch.randint(0, 2 * augmentation.padding + 1, (size, 2), generator=generator)
    flips = torch.rand(size, generator=generator) < 0.5
    return Draws(offsets, flips if augmentation.flip else torch.zeros_like(flips))


def augment(images: Tensor, draws: Draws, padding: int) -> Tensor:
    """Crop and flip images (B, C, H, W) by their draws; the shape stays."""
    num_images, _, height, width = images.shape
    padded = functional.pad(images, (padding, padding, padding, padding))
    rows = draws.offsets[:, 0, None] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device).expand(num_images, width)
    columns = torch.where(draws.flips[:, None], columns.flip(1), columns)
    columns = draws.offsets[:, 1, None] + columns
    which = torch.arange(num_images, device=images.device)
    cropped = padded.permute(0, 2, 3, 1)[
        which[:, None, None], rows[:, :, None], columns[:, None, :]
    ]
    return cropped.permute(0, 3, 1, 2)
