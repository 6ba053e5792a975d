"""One image file of the user's, read by PIL, upright and in the channels that are asked for."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL
from PIL import Image, ImageOps, UnidentifiedImageError

from ensemble_switchover.config.file_kinds import NO_FILE
from ensemble_switchover.config.foreign_files import kind_of_file
from ensemble_switchover.errors import first_line
from ensemble_switchover.machine.file_digests import (
    ABSENT_DIGEST,
    folder_digest,
    read_json_object,
    write_json_object,
)
from ensemble_switchover.machine.hardware import num_processors
from ensemble_switchover.machine.system_errors import may_pass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

IMAGE_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF")
"""The formats that are tried; others, such as EPS, would start another program."""
MODES = {1: "L", 3: "RGB"}
"""PIL's mode by the number of channels."""
GREY_MODES = {"1", "L", "LA", "La"}
DEEP_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
"""PIL's modes of 16 bits per pixel, and of 32 bits, whose values must fit into 16."""
MAX_DEEP_VALUE = 65_535
MAX_DECODING_THREADS = 4
TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class UnreadableImageError(ValueError):
    """A file from which no image can be read; its text is the reason."""

    def __init__(self, reason: str, kind: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        """What the file is, as far as its first bytes tell."""


def read_image(path: Path, channels: int, *, enough: int | None = None) -> tuple[Image.Image, bool]:
    """Read a file as an upright image of 1 or 3 channels, white where it is transparent.

    Args:
        path: The file.
        channels: 1 or 3.
        enough: A side in pixels down to which a JPEG may be reduced while it is decoded, which is
            several times as fast; None for the whole image.

    Returns:
        The image, and whether the file has 16 bits per pixel but no value above 255, so that it
        looks black.

    Raises:
        UnreadableImageError: if it is no image, damaged or too large, or its range is unknown.
        OSError: if the machine fails to read it, which says nothing of the file.
    """
    if not path.is_file():
        raise UnreadableImageError(NO_FILE)
    try:
        with Image.open(path, formats=image_formats()) as opened:
            if enough is not None:
                opened.draft(MODES[channels], (enough, enough))
            upright = ImageOps.exif_transpose(opened)
            is_black = upright.mode in DEEP_MODES and int(np.asarray(upright).max()) <= 255
            return _converted(upright, MODES[channels]), is_black
    except MemoryError:
        raise
    except Exception as error:
        if may_pass(error):
            raise
        kind, reason = kind_of_file(path), first_line(error)
        if isinstance(error, TOO_LARGE):
            kind = "image of too many pixels"
        if isinstance(error, UnidentifiedImageError):
            reason = f"{kind} by its content" if kind else "of no known format"
        raise UnreadableImageError(reason, kind) from error


@contextmanager
def image_threads() -> Iterator[ThreadPoolExecutor]:
    """Start threads that read images, and refuse files that unpack to gigabytes."""
    Image.init()
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with ThreadPoolExecutor(min(MAX_DECODING_THREADS, num_processors())) as pool:
            yield pool


def unreadable_images(
    root: Path, digests: Mapping[str, str], channels: int, memory: Path
) -> dict[str, UnreadableImageError]:
    """Return the files from which no image can be read; every content is tried once.

    Args:
        root: The folder of the files.
        digests: The hash of the content of every file, by its path below the root.
        channels: The number of channels that images are converted to.
        memory: The folder in which it is kept which contents could be read; if it cannot be
            written, the next call tries all of them again.
    """
    path = memory / f"readable-{MODES[channels]}-{PIL.__version__}-{folder_digest(root)}.json"
    known = {digest: entry for digest, entry in read_json_object(path).items() if _is_entry(entry)}
    files = {digest: file for file, digest in digests.items()}
    new = {digest: file for digest, file in files.items() if digest not in known}
    with image_threads() as pool:
        tried = dict(zip(new, pool.map(partial(_try, root, channels), new.values()), strict=True))
    found = {digest: known[digest] for digest in files if digest in known} | tried
    kept = {digest: entry for digest, entry in found.items() if _is_lasting(digest, entry)}
    if kept != known:
        write_json_object(path, kept)
    return {
        file: UnreadableImageError(*found[digest])
        for file, digest in digests.items()
        if found[digest]
    }


def tried_images(
    root: Path, files: Sequence[str], channels: int
) -> dict[str, UnreadableImageError]:
    """Try to read files as images, and return those that cannot be, with the reason."""
    with image_threads() as pool:
        tried = list(pool.map(partial(_try, root, channels), files))
    found = zip(files, tried, strict=True)
    return {file: UnreadableImageError(*reason) for file, reason in found if reason}


def _try(root: Path, channels: int, file: str) -> list[Any]:
    """Return the reason and the kind of a file that cannot be read; nothing of one that can."""
    try:
        read_image(root / file, channels)
    except UnreadableImageError as error:
        return [error.reason, error.kind]
    return []


def _is_entry(entry: object) -> bool:
    """Return whether an entry of the memory is what `_try` returns."""
    if not isinstance(entry, list) or len(entry) not in (0, 2):
        return False
    return not entry or (isinstance(entry[0], str) and isinstance(entry[1], str | None))


def _is_lasting(digest: str, entry: list[str | None]) -> bool:
    """Return whether a content will be read, or not, the next time as well."""
    trouble = entry and (entry[0] or "").startswith("[Errno")
    return digest != ABSENT_DIGEST and not trouble


def image_formats() -> list[str]:
    """Return the formats that are tried, of those that this Pillow knows."""
    return [name for name in IMAGE_FORMATS if name in Image.OPEN]  # AVIF is not in every Pillow


def _converted(image: Image.Image, mode: str) -> Image.Image:
    """Convert an image to grey or colour, with white in place of transparent pixels.

    Raises:
        ValueError: if the range of the pixels is unknown.
    """
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown")
    if image.mode in DEEP_MODES:
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > MAX_DEEP_VALUE:
            raise ValueError(
                f"pixels from {deep.min()} to {deep.max()}, expected 0 to {MAX_DEEP_VALUE:,}"
            )
        image = Image.fromarray((deep / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        white = Image.new("RGBA", opaque.size, "white")
        image = Image.alpha_composite(white, opaque)
    return image.convert(mode)
