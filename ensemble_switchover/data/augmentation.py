"""Augmentation of whole batches, each image with its own draw.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from ensemble_switchover.data.randaugment import RandAugment, draw_operations, transform


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random crop after zero padding, and a random horizontal flip (He et al. 2016).

    Where there are operations, they come first, on the whole image: so do the code of AutoAugment
    (Cubuk et al. 2019) and the usual RandAugment for CIFAR; torchvision's ImageNet recipe has them
    last.
    """

    padding: int
    """Pixels on every side; 0 leaves the crop out."""
    flip: bool
    operations: RandAugment | None = None


@dataclass(frozen=True, slots=True)
class AugmentationDraws:
    """What was drawn for B images."""

    offsets: Tensor
    """(B, 2) of the crop, in pixels."""
    flips: Tensor
    """(B,)"""
    codes: Tensor | None = None
    """(B, n) operations; they stay on the CPU, which decides by them what a device is to do."""

    def to(self, device: torch.device) -> AugmentationDraws:
        """Move what a device needs there."""
        return replace(self, offsets=self.offsets.to(device), flips=self.flips.to(device))

    def select(self, start: int, stop: int) -> AugmentationDraws:
        """Keep the draws of the images from `start` up to `stop`."""
        codes = None if self.codes is None else self.codes[start:stop]
        return AugmentationDraws(self.offsets[start:stop], self.flips[start:stop], codes)


def draw_augmentation(
    augmentation: Augmentation, size: int, generator: torch.Generator
) -> AugmentationDraws:
    """Draw for `size` images; on the CPU, so that every device sees the same draws.

    Crops and flips are the same with operations and without.
    """
    offsets = torch.randint(0, 2 * augmentation.padding + 1, (size, 2), generator=generator)
    flips = torch.rand(size, generator=generator, dtype=torch.float32) < 0.5
    flips = flips if augmentation.flip else torch.zeros_like(flips)
    if augmentation.operations is None:
        return AugmentationDraws(offsets, flips)
    return AugmentationDraws(
        offsets, flips, draw_operations(augmentation.operations, size, generator)
    )


def augment(images: Tensor, draws: AugmentationDraws, augmentation: Augmentation) -> Tensor:
    """Augment images (B, C, H, W) of `uint8` by their draws; the shape stays."""
    if augmentation.operations is not None and draws.codes is not None:
        images = transform(images, draws.codes, augmentation.operations.magnitude)
    return crop_and_flip(images, draws, augmentation.padding)


def crop_and_flip(images: Tensor, draws: AugmentationDraws, padding: int) -> Tensor:
    """Crop and flip images (B, C, H, W) by their draws; the shape stays."""
    num_channels, height, width = images.shape[1:]
    padded = functional.pad(images, (padding, padding, padding, padding))
    rows = draws.offsets[:, 0, None] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    columns = torch.where(draws.flips[:, None], columns.flip(0), columns)
    columns = columns + draws.offsets[:, 1, None]
    origins = (rows[:, :, None] * padded.shape[3] + columns[:, None]).flatten(1)
    cropped = padded.flatten(2).gather(2, origins[:, None].expand(-1, num_channels, -1))
    return cropped.view(images.shape)
