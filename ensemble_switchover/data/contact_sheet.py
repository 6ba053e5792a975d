"""Draw a picture with one row of small images per class, and the class's name beside it.

Dimensions: N images, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_TILE_PIXELS = 72
"""The smallest side of a drawn image; smaller images are enlarged by a whole factor."""
GAP_PIXELS = 6
TEXT_SIZE = 14
MAX_NAME_LENGTH = 24
"""The number of characters after which a name is cut."""
PAPER, TEXT_INK = (255, 255, 255), (40, 40, 40)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """The images of one class."""

    name: str
    images: np.ndarray
    """(N, C, H, W) `uint8`, 1 or 3 channels."""


def draw_sheet(rows: Sequence[SheetRow]) -> Image.Image:
    """Draw the rows below each other; the sheet is as wide as the longest row.

    Args:
        rows: At least one row; all images have the same size.
    """
    font = ImageFont.load_default(TEXT_SIZE)
    names = [_shortened(row.name) for row in rows]
    name_width = max(round(font.getlength(name)) for name in names) + 2 * GAP_PIXELS
    tiles = [[_tile(image) for image in row.images] for row in rows]
    side = tiles[0][0].width
    widest = max(len(row) for row in tiles)
    size = (
        name_width + widest * (side + GAP_PIXELS) + GAP_PIXELS,
        len(rows) * (side + GAP_PIXELS) + GAP_PIXELS,
    )
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for position, (name, row) in enumerate(zip(names, tiles, strict=True)):
        top = GAP_PIXELS + position * (side + GAP_PIXELS)
        pen.text((GAP_PIXELS, top + side // 2), name, fill=TEXT_INK, font=font, anchor="lm")
        for column, tile in enumerate(row):
            sheet.paste(tile, (name_width + GAP_PIXELS + column * (side + GAP_PIXELS), top))
    return sheet


def _tile(image: np.ndarray) -> Image.Image:
    pixels = image.transpose(1, 2, 0)
    factor = -(-MIN_TILE_PIXELS // pixels.shape[0])
    enlarged = pixels.repeat(factor, axis=0).repeat(factor, axis=1)
    return Image.fromarray(np.broadcast_to(enlarged, (*enlarged.shape[:2], 3)).copy())


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[: MAX_NAME_LENGTH - 1]}…"
