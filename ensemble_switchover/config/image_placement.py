"""Where images are kept during training: the rule of `dataset.residence=` (no torch)."""

from __future__ import annotations

from dataclasses import dataclass

SHARE = 0.5
"""Share of a device's free memory that images may take; the rest is for training."""


LABEL_BYTES = 8
"""Bytes of the label that is kept with every image."""


def kept_image_bytes(num_images: int, channels: int, image_size: int) -> int:
    """Return the bytes of images and their labels as they are kept: one byte for each value.

    Args:
        num_images: Images that are trained on, and those that are measured on.
        channels: Colour channels.
        image_size: Side of an image in pixels.

    >>> kept_image_bytes(60_000, 3, 32)
    184800000
    """
    return num_images * (channels * image_size**2 + LABEL_BYTES)


@dataclass(frozen=True, slots=True)
class Residence:
    """Where images are kept, and why."""

    location: str
    """`device` or `host`."""
    reason: str


def choose_residence(
    asked: str, device_type: str, needed_bytes: int, free_bytes: int | None
) -> Residence:
    """Decide `dataset.residence=`.

    Args:
        asked: `auto`, `device` or `host`.
        device_type: Where training computes: `cpu`, `cuda` or `mps`.
        needed_bytes: Bytes of all training and test images.
        free_bytes: Free bytes of the device's memory; None where the device does not report them.

    >>> choose_residence("auto", "cuda", 200_000_000, 8_000_000_000).location
    'device'
    >>> choose_residence("auto", "cuda", 5_000_000_000, 8_000_000_000).location
    'host'
    """
    if asked != "auto":
        return Residence(asked, "as requested")
    size = f"{needed_bytes / 1e6:,.1f} MB of images"
    if device_type == "cpu":
        return Residence("device", f"{size}, and the CPU computes where they are")
    if free_bytes is None:
        return Residence("host", f"{size}, and the device does not report how much is free")
    fits = needed_bytes <= SHARE * free_bytes
    free = f"{'at most' if fits else 'more than'} half of {free_bytes / 1e6:,.1f} MB free there"
    return Residence("device" if fits else "host", f"{size}, {free}")
