"""What images of a folder are like by their headers, which tell it without decoding them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import PIL
from PIL import Image

from ensemble_switchover.config.describe_images import ELONGATED
from ensemble_switchover.config.image_file import (
    DEEP_MODES,
    GREY_MODES,
    image_formats,
    image_threads,
)
from ensemble_switchover.machine.file_digests import (
    ABSENT_DIGEST,
    folder_digest,
    read_json_object,
    write_json_object,
)
from ensemble_switchover.machine.system_errors import may_pass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ORIENTATION = 0x0112
"""The EXIF entry that says how an image is to be turned; 1 is upright."""
SIDEWAYS = (5, 6, 7, 8)
"""Orientations that exchange width and height."""
HEADERS_A_TASK = 64
Header = list[int | str]
"""Width and height of the upright image in pixels, and the letters of its traits; nothing of a file
whose header cannot be read."""
GREY, DEEP, TRANSPARENT, TURNED, ANIMATED = "gdtoa"
SURVEY_VERSION = 1
"""Raised whenever the same files give other headers."""


@dataclass(frozen=True, slots=True)
class ImageSurvey:
    """What the images of a folder are like; sides are the shorter ones, in pixels, upright."""

    num_images: int
    """Images whose header could be read."""
    smallest_side: int
    median_side: int
    largest_side: int
    num_sizes: int
    """Number of distinct sizes, width and height together."""
    num_grey: int
    """Images that are grey by their mode, whatever their pixels show."""
    num_deep: int
    """Images of 16 or more bits a channel."""
    num_transparent: int
    num_turned: int
    """Images with an EXIF entry that turns or mirrors them."""
    num_animated: int
    """Files of several images, the first of which is read."""
    num_elongated: int
    """Images whose longer side is more than `ELONGATED` times the shorter one."""
    unread: tuple[str, ...] = ()
    """Files without a header that can be read; as images they cannot be read either."""


def survey_headers(root: Path, digests: Mapping[str, str], memory: Path) -> ImageSurvey:
    """Count what images are like by their headers; each content is read once.

    Args:
        root: The folder of the files.
        digests: The hash of the content of every file, by its path below the root.
        memory: The folder in which headers are kept; if it cannot be written, the next call reads
            them again.

    Raises:
        OSError: if the machine fails to read a file, which says nothing of it.
    """
    headers = _headers(root, digests, memory)
    unread = tuple(file for file, digest in digests.items() if not headers.get(digest))
    read = [found for digest in digests.values() if (found := headers.get(digest))]
    sizes = [(int(width), int(height)) for width, height, _ in read]
    sides = [min(size) for size in sizes] or [0]
    traits = [str(letters) for _, _, letters in read]
    grey, deep, transparent, turned, animated = (
        sum(letter in letters for letters in traits)
        for letter in (GREY, DEEP, TRANSPARENT, TURNED, ANIMATED)
    )
    return ImageSurvey(
        num_images=len(read),
        smallest_side=min(sides),
        median_side=statistics.median_high(sides),
        largest_side=max(sides),
        num_sizes=len(set(sizes)),
        num_grey=grey,
        num_deep=deep,
        num_transparent=transparent,
        num_turned=turned,
        num_animated=animated,
        num_elongated=sum(max(size) > ELONGATED * min(size) for size in sizes),
        unread=unread,
    )


def _headers(root: Path, digests: Mapping[str, str], memory: Path) -> dict[str, Header]:
    path = memory / f"headers-{SURVEY_VERSION}-{PIL.__version__}-{folder_digest(root)}.json"
    known = {digest: entry for digest, entry in read_json_object(path).items() if _is_header(entry)}
    files = {digest: file for file, digest in digests.items() if digest != ABSENT_DIGEST}
    new = [digest for digest in files if digest not in known]
    tasks = [new[start : start + HEADERS_A_TASK] for start in range(0, len(new), HEADERS_A_TASK)]
    paths = ([str(root / files[digest]) for digest in task] for task in tasks)
    with image_threads() as pool:
        read = chain.from_iterable(pool.map(partial(map_headers, image_formats()), paths))
        found = {digest: known[digest] for digest in files if digest in known}
        found |= zip(new, read, strict=True)
    if found != known:
        write_json_object(path, found)
    return found


def map_headers(formats: list[str], paths: Sequence[str]) -> list[Header]:
    """Read the headers of some files; nothing of those that are no images, or damaged."""
    return [_header(path, formats) for path in paths]


def _header(path: str, formats: list[str]) -> Header:
    try:
        with Image.open(path, formats=formats) as image:
            return _describe(image)
    except MemoryError:
        raise
    except Exception as error:
        if may_pass(error):
            raise
        return []


def _describe(image: Image.Image) -> Header:
    orientation = 1
    if image.format != "PNG" or "exif" in image.info:  # else PIL decodes a PNG to look behind it
        orientation = image.getexif().get(ORIENTATION, 1)
    width, height = image.size
    if orientation in SIDEWAYS:
        width, height = height, width
    letters = {
        GREY: image.mode in GREY_MODES | DEEP_MODES,
        DEEP: image.mode in DEEP_MODES | {"F"} or _has_16_bits(image),
        TRANSPARENT: image.has_transparency_data,
        TURNED: orientation in range(2, 9),
        ANIMATED: getattr(image, "is_animated", False),
    }
    return [width, height, "".join(letter for letter, holds in letters.items() if holds)]


def _has_16_bits(image: Image.Image) -> bool:
    """Return whether a file has 16 bits a channel, of which PIL keeps 8 in colour."""
    return any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))


def _is_header(entry: object) -> bool:
    """Return whether an entry of the memory is what `_header` returns."""
    if not isinstance(entry, list) or len(entry) not in (0, 3):
        return False
    return not entry or [type(value) for value in entry] == [int, int, str]
