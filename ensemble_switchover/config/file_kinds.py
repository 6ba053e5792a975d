"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import TYPE_CHECKING

from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEIC, AVIF = "HEIC image", "AVIF image"
LFS_POINTER = "Git LFS pointer"
NO_FILE = "a broken link, or no file"
HEAD_BYTES = 1024
"""The number of bytes from which a kind of file is told."""
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_SIGNATURES = (
    (rb"%PDF", "PDF file"),
    (rb"\xff\xd8\xff", "broken JPEG image"),
    (rb"\x89PNG\r\n", "broken PNG image"),
    (rb"GIF8[79]a", "broken GIF image"),
    (rb"RIFF....WEBP", "broken WebP image"),
    (rb"RIFF....AVI ", "video"),
    (rb"\x1aE\xdf\xa3", "video"),
    (rb"\x00\x00\x01[\xb3\xba]", "video"),
    (rb"(\xff\x0a|\x00\x00\x00\x0cJXL )", "JPEG XL image"),
    (rb"(\xff\x4f\xff\x51|\x00\x00\x00\x0cjP  )", "JPEG 2000 image"),
    (rb"8BPS", "Photoshop file"),
    (rb"(%!PS|\xc5\xd0\xd3\xc6)", "PostScript file"),
    (rb"PK\x03\x04", "zip archive"),
    (rb"(Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ)", "archive"),
    (rb"\x93NUMPY", "numpy file"),
    (rb"(\x89HDF|MATLAB )", "array file"),
    (rb".{128}DICM", "DICOM image"),
    (rb"version https://git-lfs", LFS_POINTER),
    (rb"P[1-7]\s", "broken PPM image"),
    (rb"\s*(<!doctype html|<html|<head|<body)", "HTML page"),
    (rb"\s*(<\?xml[^>]*\?>\s*)?(<!doctype svg[^>]*>\s*)?<svg", "SVG drawing"),
)
_PATTERNS = tuple(
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), kind) for pattern, kind in _SIGNATURES
)
CURES = {
    HEIC: "convert HEIC images with heif-convert FILE NEW.jpg, or with ImageMagick's "
    "mogrify -format jpg FILES",
    AVIF: "convert AVIF images with ImageMagick's mogrify -format png FILES",
    LFS_POINTER: "get the files of the Git LFS pointers with git lfs pull",
}
"""What to do about files of a kind."""


def file_kind(head: bytes) -> str | None:
    """Return what files with such a beginning are; None if it is unknown.

    >>> file_kind(b""), file_kind(b"%PDF-1.4"), file_kind(bytes(4) + b"ftypheic")
    ('empty file', 'PDF file', 'HEIC image')
    """
    if not head:
        return "empty file"
    if not head.strip(b"\0"):
        return "zeroed file"
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *re.findall(rb"....", head[16:64], re.DOTALL)}
        if head[8:12] in _AVIF_BRANDS or brands & _AVIF_BRANDS:
            return AVIF
        return HEIC if brands & _HEIC_BRANDS else "video"
    for pattern, kind in _PATTERNS:
        if pattern.match(head):
            return kind
    return "text file" if _is_text(head) else None


def is_no_image(kind: str | None) -> bool:
    """Return whether files of a kind can never be read, whatever Pillow is installed.

    >>> is_no_image("HEIC image"), is_no_image("broken JPEG image"), is_no_image(None)
    (True, False, False)
    """
    return bool(kind) and kind != AVIF and not str(kind).startswith("broken ")


def refusal(path: str, reason: str, kinds: Sequence[str | None]) -> str:
    """Say that files are no images, how many there are of each kind, and what to do.

    Args:
        path: The first of them.
        reason: Why it cannot be read.
        kinds: What each of them is, where that is known.
    """
    num_more = len(kinds) - 1
    more = f", nor can {count(num_more, 'more file')}" if num_more else ""
    counted = count_kinds(kinds)
    return (
        f"{path}: cannot be read as an image ({reason}){more}{f': {counted}' if counted else ''}; "
        f"move what is no image elsewhere, or set dataset.skip_bad=true to leave such files out"
    )


def count_kinds(kinds: Iterable[str | None]) -> str:
    """Return how many files are of which kind, and what to do about these kinds.

    >>> count_kinds(["PDF file", None, "video", "PDF file"])
    '2 PDF files, 1 video'
    """
    numbers = Counter(kind for kind in kinds if kind is not None)
    counted = ", ".join(count(number, kind) for kind, number in numbers.most_common())
    return "; ".join([counted, *(CURES[kind] for kind in numbers if kind in CURES)])


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # a character may be cut
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)
