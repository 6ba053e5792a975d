"""Shear, translate and rotate the images of a batch, each in its own way, as one gather.

A magnitude has ten motions (five operations, two signs). The origin of every pixel is computed once
per motion: torchvision moves an image whose pixel values are their own positions, which shows what
it does to any image with nearest-neighbour interpolation and black fill.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch.nn import functional
from torchvision.transforms import functional as torchvision

from ensemble_switchover.data.randaugment.operations import GEOMETRIC, Magnitudes

if TYPE_CHECKING:
    from torch import Tensor


def move(images: Tensor, motions: Tensor, magnitude: int) -> Tensor:
    """Move images (B, C, H, W) by their motions (B,); pixels from outside the image are 0.

    Motion `2 * i` is `GEOMETRIC[i]` by its magnitude, `2 * i + 1` by minus that.
    """
    num_channels, height, width = images.shape[1:]
    origins = _origins(magnitude, height, width, images.device)[motions]
    pixels = functional.pad(images.flatten(2), (0, 1))
    moved = pixels.gather(2, origins[:, None].expand(-1, num_channels, -1))
    return moved.view(images.shape)


@lru_cache(maxsize=16)
def _origins(magnitude: int, height: int, width: int, device: torch.device) -> Tensor:
    """Return the position each pixel comes from (motions, H*W); H*W for outside the image."""
    pixels = height * width
    positions = torch.arange(1, pixels + 1, dtype=torch.float64).view(1, height, width)
    magnitudes = Magnitudes.of(magnitude, height, width)
    moved = [
        _moved(positions.float(), operation, sign, magnitudes).long().flatten()
        for operation in GEOMETRIC
        for sign in (1, -1)
    ]
    origins = torch.stack(moved) - 1
    return torch.where(origins < 0, pixels, origins).to(device)


def _moved(positions: Tensor, operation: str, sign: int, by: Magnitudes) -> Tensor:
    angle = math.degrees(math.atan(sign * by.shear))
    top_left, rest = [0, 0], [0.0, 0.0]
    if operation == "Rotate":
        moved = torchvision.rotate(positions, sign * by.rotate)
    elif operation == "ShearX":
        moved = torchvision.affine(positions, 0.0, [0, 0], 1.0, [angle, 0.0], center=top_left)
    elif operation == "ShearY":
        moved = torchvision.affine(positions, 0.0, [0, 0], 1.0, [0.0, angle], center=top_left)
    elif operation == "TranslateX":
        moved = torchvision.affine(positions, 0.0, [sign * by.translate_x, 0], 1.0, rest)
    else:
        moved = torchvision.affine(positions, 0.0, [0, sign * by.translate_y], 1.0, rest)
    result: Tensor = moved
    return result
