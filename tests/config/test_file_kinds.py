"""Files that are not what their names say."""

import io

import pytest
from PIL import Image

from ensemble_switchover.config.file_kinds import CURES, HEAD_BYTES, file_kind


def box(brand, *compatible):
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + b"".join(compatible)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "empty file"),
        (bytes(100), "zeroed file"),
        (box(b"heic", b"mif1", b"heic"), "HEIC image"),
        (box(b"mif1", b"mif1", b"heic", b"miaf"), "HEIC image"),
        (box(b"mif1", b"avif", b"miaf"), "AVIF image"),
        (box(b"avif"), "AVIF image"),
        (box(b"isom", b"mp41"), "video"),
        (box(b"qt  "), "video"),
        (b"RIFF\1\2\3\4AVI LIST", "video"),
        (b"%PDF-1.7", "PDF file"),
        (b"<!DOCTYPE html><title>404</title>", "HTML page"),
        (b"\n  <html lang=en>", "HTML page"),
        (b'<?xml version="1.0"?>\n<svg xmlns=""/>', "SVG drawing"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"PK\3\4", "zip archive"),
        (b"\x1f\x8b\x08", "archive"),
        (b"\xff\x0a\x00", "JPEG XL image"),
        (bytes(128) + b"DICM", "DICOM image"),
        ("Bäume, 7 of them; ".encode() * 99, "text file"),
        (b"\x07\x99\xfe\xca" * 9, None),
    ],
)
def test_a_file_is_known_by_its_beginning(head, kind):
    assert file_kind(head[:HEAD_BYTES]) == kind


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_what_is_only_broken_is_told_from_other_files(kind):
    content = io.BytesIO()
    Image.new("RGB", (9, 9)).save(content, kind)
    assert file_kind(content.getvalue()) in {f"broken {kind} image", "broken WebP image"}


def test_every_cure_names_its_kind():
    assert all(kind in cure for kind, cure in CURES.items())
