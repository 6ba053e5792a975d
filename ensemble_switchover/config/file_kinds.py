"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import codecs
import re

HEIC, AVIF = "HEIC image", "AVIF image"
LFS_POINTER = "Git LFS pointer"
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


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # a character may be cut
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)
