"""Files are loaded by what they are: `.onnx`, `.pt2`, or the folder of a cascade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.errors import MeasureError
from ensemble_switchover.measure.cascade import load_cascade
from ensemble_switchover.measure.onnx_file import load_onnx
from ensemble_switchover.measure.torch_file import load_torch

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.measure.timed_file import TimedFile


def load_file(path: Path, precision: str, threads: int, device: str) -> TimedFile:
    """Load a file or cascade.

    Args:
        path: An `.onnx`, a `.pt2`, the folder of a cascade or the manifest in it.
        precision: One of `PRECISIONS`; those beside float32 are for ONNX.
        threads: Threads within one call.
        device: `cpu` or `cuda`.

    Raises:
        MeasureError: if it cannot be read, or a package is missing.
    """
    from ensemble_switchover.serving.onnx_cascade import MANIFEST_FILE  # it imports NumPy

    if path.is_dir() or path.name == MANIFEST_FILE:
        return load_cascade(path if path.is_dir() else path.parent, precision, threads, device)
    if path.suffix not in (".onnx", ".pt2"):
        raise MeasureError(
            f"{path}: expected a file that ends in .onnx or .pt2, or the folder of a cascade with "
            f"{MANIFEST_FILE} in it"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MeasureError(f"{path}: {error.strerror}") from error
    if path.suffix == ".onnx":
        return load_onnx(path, content, precision, threads, device)
    if precision != "float32":
        raise MeasureError(f"{path}: --precision {precision} is for .onnx; expected float32")
    return load_torch(path, content, threads, device)
