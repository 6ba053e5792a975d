"""Images that are given, or noise, and the batches of a pass.

Dimensions: N images, B images a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import MeasureError, first_line

if TYPE_CHECKING:
    from pathlib import Path

MAX_PASS_IMAGES = 512
"""Images of a pass of a cascade, spread evenly over those given."""


def read_images(path: Path) -> tuple[Any, Any]:
    """Read `images`, uint8 (N, C, H, W), and `labels`, (N,), of a NumPy archive; nothing is run.

    Raises:
        MeasureError: if it is something else.
    """
    import numpy as np

    try:
        with path.open("rb") as file:  # which numpy leaves open where it is no archive
            arrays = np.load(file, allow_pickle=False)
            if isinstance(arrays, np.ndarray):
                raise MeasureError(
                    f"{path}: expected a NumPy archive with images and labels, got one array; "
                    "numpy.savez writes an archive"
                )
            images, labels = arrays["images"], arrays["labels"]
    except MeasureError:
        raise
    except OSError as error:
        raise MeasureError(f"{path}: {error.strerror or first_line(error)}") from error
    except Exception as error:
        raise MeasureError(
            f"{path}: expected a NumPy archive with images and labels: {first_line(error)}"
        ) from error
    if images.dtype != np.uint8 or images.ndim != 4 or labels.shape != images.shape[:1]:
        raise MeasureError(
            f"{path}: expected images of uint8 (N, C, H, W) and labels (N,), got {images.dtype} of "
            f"{images.shape} and labels of {labels.shape}"
        )
    if not len(images):
        raise MeasureError(f"{path}: has no images; expected at least one")
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise MeasureError(
            f"{path}: expected labels that are the numbers of the classes, from 0 on, got "
            f"{labels.dtype} such as {np.sort(labels)[0]}"
        )
    return np.ascontiguousarray(images), labels


def pass_batches(shape: tuple[int, ...], batch_size: int, images: Any, *, whole: bool) -> list[Any]:
    """Return the batches of one pass.

    Args:
        shape: C, H, W of the model.
        batch_size: Images of a batch.
        images: Those given, (N, C, H, W); None for noise.
        whole: Whether the pass goes through the given images, as a cascade's does and those of
            files beside it, up to 512 of them; else it is one batch of them.

    Raises:
        MeasureError: if the images are of another shape.
    """
    import numpy as np

    if images is None:
        size = (batch_size, *shape)
        return [np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)]
    if images.shape[1:] != shape:
        raise MeasureError(
            f"--images: expected images of (channels, height, width) {shape}, as the file takes "
            f"them, got {images.shape[1:]}"
        )
    if not whole:
        return [images[np.arange(batch_size) % len(images)]]
    wanted = max(batch_size, min(len(images), MAX_PASS_IMAGES) // batch_size * batch_size)
    chosen = images[np.linspace(0, len(images) - 1, wanted).round().astype(int)]
    return [chosen[i : i + batch_size] for i in range(0, wanted, batch_size)]
