"""Refuse images that an ensemble cannot predict from, or would predict from wrongly.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ensemble_switchover.errors import ImageError

if TYPE_CHECKING:
    from ensemble_switchover.design import ImageTask

PIXEL_ROUNDING = 1e-3
"""How far floating-point pixels may be beyond 0 to 1: scaling images to another size rounds."""


def check_images(images: object, task: ImageTask, device: torch.device) -> Tensor:
    """Return a batch of images if its type, shape, dtype and device are right.

    This reads no pixel, so it never waits for a device; `check_pixel_range` does.

    Args:
        images: What a caller gave as images.
        task: The channels and the size of the images that the ensemble was trained on.
        device: Where the ensemble is.

    Raises:
        ImageError: in one sentence: what was expected, what came, and what to do.
    """
    if not isinstance(images, Tensor):
        raise ImageError(
            f"images: expected a tensor {_batch_text(task)}, found {_type_name(images)}: "
            f"torch.as_tensor makes one of an array"
        )
    found = tuple(images.shape)
    if found[1:] != (task.channels, task.size, task.size) or len(found) != 4:
        raise ImageError(
            f"images: expected a batch {_batch_text(task)}, found the shape {found}: "
            f"{_shape_advice(found, task)}"
        )
    if found[0] < 1:
        raise ImageError(f"images: expected at least one, found none, the shape {found}")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise ImageError(
            f"images: expected uint8 from 0 to 255 or floating point from 0 to 1, found "
            f"{_dtype_name(images)}: images.to(torch.uint8), if the pixels are from 0 to 255"
        )
    if images.device != device:
        raise ImageError(
            f"images: expected them where the ensemble is, on {device}, found them on "
            f'{images.device}: images.to("{device}")'
        )
    return images


def check_pixel_range(images: Tensor) -> None:
    """Check that floating-point images lie between 0 and 1; it waits for the images' device.

    Raises:
        ImageError: in one sentence: what was expected, what came, and what to do.
    """
    lowest, highest = torch.stack(torch.aminmax(images.detach())).tolist()
    if lowest >= -PIXEL_ROUNDING and highest <= 1 + PIXEL_ROUNDING:
        return
    found = f"{lowest:.4g} to {highest:.4g}"
    if math.isnan(lowest):
        found, advice = "NaN", "look for where they come from"
    elif lowest < -PIXEL_ROUNDING:
        advice = (
            "they look normalised already; give the images as they are decoded, since the ensemble "
            "normalises them itself"
        )
    else:
        advice = "give pixels from 0 to 255 as uint8, or divide them by 255"
    raise ImageError(f"images: expected floating-point pixels from 0 to 1, found {found}: {advice}")


def _batch_text(task: ImageTask) -> str:
    return f"(B, {task.channels}, {task.size}, {task.size})"


def _shape_advice(found: tuple[int, ...], task: ImageTask) -> str:
    """Say how images of a wrong shape become a batch of the right one."""
    channels, size = task.channels, task.size
    if found == (channels, size, size):
        return "images[None] makes a batch of a single image"
    if found[1:] == (size, size) and channels == 1:
        return "images[:, None] adds the channel"
    if found[1:] == (size, size, channels):
        return "images.permute(0, 3, 1, 2) puts the channels before the pixels"
    if len(found) == 4 and found[1] == channels:
        return (
            f"scale them to {size}x{size} pixels, as those of the training were: docs/serving.md "
            f"says how"
        )
    if len(found) == 4 and found[2:] == (size, size):
        return f"convert them to {channels} {'channel' if channels == 1 else 'channels'}"
    return "the ensemble was trained on images of that shape"


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _dtype_name(images: Tensor) -> str:
    return str(images.dtype).removeprefix("torch.")
