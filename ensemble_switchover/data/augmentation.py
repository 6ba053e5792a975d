"""Augment whole batches of images, each image with its own random draw.

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
    """A random crop after zero padding and a random horizontal flip (He et al. 2016).

    RandAugment's operations, if any, are applied before, to the whole image. So do the code of
    AutoAugment (Cubuk et al. 2019) and the usual RandAugment for CIFAR; torchvision's ImageNet
    recipe applies them last.
    """

    padding: int
    """Zero padding on every side, in pixels; 0 means no crop."""
    flip: bool
    operations: RandAugment | None = None


@dataclass(frozen=True, slots=True)
class AugmentationDraws:
    """The random draws for B images."""

    offsets: Tensor
    """(B, 2) row and column of the crop in the padded image, in pixels."""
    flips: Tensor
    """(B,) `bool`: whether the image is flipped."""
    codes: Tensor | None = None
    """(B, n) RandAugment operations; they stay on the CPU, which sorts the images by them."""

    def to(self, device: torch.device) -> AugmentationDraws:
        """Move the offsets and flips to a device."""
        return replace(self, offsets=self.offsets.to(device), flips=self.flips.to(device))

    def select(self, start: int, stop: int) -> AugmentationDraws:
        """Return the draws of images `start` to `stop`, `stop` excluded."""
        codes = None if self.codes is None else self.codes[start:stop]
        return AugmentationDraws(self.offsets[start:stop], self.flips[start:stop], codes)


def draw_augmentation(
    augmentation: Augmentation, size: int, generator: torch.Generator
) -> AugmentationDraws:
    """Draw the augmentation of `size` images on the CPU, so that it is the same on every device.

    The crops and flips do not depend on whether there are operations.
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
    """Augment `uint8` images (B, C, H, W) according to their draws; the shape stays the same."""
    if augmentation.operations is not None and draws.codes is not None:
        images = transform(images, draws.codes, augmentation.operations.magnitude)
    return crop_and_flip(images, draws, augmentation.padding)


def crop_and_flip(images: Tensor, draws: AugmentationDraws, padding: int) -> Tensor:
    """Crop and flip images (B, C, H, W) according to their draws; the shape stays the same."""
    num_channels, height, width = images.shape[1:]
    padded = functional.pad(images, (padding, padding, padding, padding))
    rows = draws.offsets[:, 0, None] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    columns = torch.where(draws.flips[:, None], columns.flip(0), columns)
    columns = columns + draws.offsets[:, 1, None]
    origins = (rows[:, :, None] * padded.shape[3] + columns[:, None]).flatten(1)
    cropped = padded.flatten(2).gather(2, origins[:, None].expand(-1, num_channels, -1))
    return cropped.view(images.shape)
