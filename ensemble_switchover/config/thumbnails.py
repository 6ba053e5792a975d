"""Small grey pictures of images, by which those that look alike are found; each is made once."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ensemble_switchover.config.image_file import UnreadableImageError, image_threads, read_image
from ensemble_switchover.machine.caches import optional_cache
from ensemble_switchover.machine.file_digests import ABSENT_DIGEST, folder_digest
from ensemble_switchover.machine.files import write_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

THUMBNAIL_SIDE = 16
THUMBNAIL_VERSION = 1
"""Raised whenever the same images give other thumbnails."""
DECODED_SIDE = 128
"""The side in pixels down to which a JPEG may be reduced while it is decoded."""


def thumbnails(root: Path, digests: Mapping[str, str], memory: Path) -> dict[str, np.ndarray]:
    """Shrink every image to a grey square of 16 pixels; what cannot be read has none.

    Args:
        root: The folder of the files.
        digests: The hash of the content of every file, by its path below the root.
        memory: The folder in which thumbnails are kept; if it cannot be written, the next call
            makes them again.

    Returns:
        Pixels (256,) uint8 by the hash of the content.

    Raises:
        OSError: if the machine fails to read a file, which says nothing of it.
    """
    path = memory / f"thumbnails-{THUMBNAIL_VERSION}-{folder_digest(root)}.npz"
    files = {digest: file for file, digest in digests.items() if digest != ABSENT_DIGEST}
    known = {digest: pixels for digest, pixels in _kept(path).items() if digest in files}
    new = [digest for digest in files if digest not in known]
    with image_threads() as pool:
        made = pool.map(partial(_thumbnail, root), (files[digest] for digest in new))
        known |= {
            digest: pixels for digest, pixels in zip(new, made, strict=True) if pixels is not None
        }
    if new and known:
        content = io.BytesIO()
        np.savez(content, digests=np.array(list(known)), pixels=np.stack(list(known.values())))
        with optional_cache(memory):
            write_file(path, content.getvalue())
    return known


def _kept(path: Path) -> dict[str, np.ndarray]:
    """Read the thumbnails that were kept; none from a file that is absent or damaged."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            digests, pixels = kept["digests"], kept["pixels"]
    except Exception:  # noqa: BLE001 - numpy and zipfile raise many kinds of damaged files
        return {}
    if pixels.shape != (len(digests), THUMBNAIL_SIDE**2) or pixels.dtype != np.uint8:
        return {}
    return dict(zip(digests.tolist(), pixels, strict=True))


def _thumbnail(root: Path, file: str) -> np.ndarray | None:
    try:
        image, _ = read_image(root / file, 1, enough=DECODED_SIDE)
    except UnreadableImageError:
        return None
    small = image.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8).ravel()
