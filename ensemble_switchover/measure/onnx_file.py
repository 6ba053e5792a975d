"""An `.onnx` is run by onnxruntime."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import TYPE_CHECKING

from ensemble_switchover.errors import MeasureError, first_line
from ensemble_switchover.measure.precision import reduce_precision
from ensemble_switchover.measure.required_package import require_package
from ensemble_switchover.measure.timed_file import TimedFile

if TYPE_CHECKING:
    from pathlib import Path


def load_onnx(path: Path, content: bytes, precision: str, threads: int, device: str) -> TimedFile:
    """Load an `.onnx`.

    Args:
        path: It, for messages.
        content: What is in it.
        precision: One of `PRECISIONS`.
        threads: Threads within one call.
        device: `cpu` or `cuda`.

    Raises:
        MeasureError: if it cannot be loaded, takes no images, or a package is missing.
    """
    runtime = require_package("onnxruntime", f"{path}: is timed by onnxruntime")
    reduced = reduce_precision(content, precision)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone
    provider = onnx_provider(device)
    try:
        session = runtime.InferenceSession(reduced, options, providers=[provider])
        (entry,), (answer,) = session.get_inputs(), session.get_outputs()
        facts = dict(session.get_modelmeta().custom_metadata_map)
    except Exception as error:
        raise MeasureError(f"{path}: onnxruntime cannot load it: {first_line(error)}") from error
    if entry.type != "tensor(uint8)" or len(entry.shape) != 4:
        raise MeasureError(
            f"{path}: expected an input of uint8 (images, channels, height, width), as export "
            f"writes it, got {entry.type} of {entry.shape}"
        )
    return TimedFile(
        name=path.name,
        kind="onnx",
        precision=precision,
        predict=lambda images: session.run([answer.name], {entry.name: images})[0],
        shape=tuple(entry.shape[1:]),
        runtime="onnxruntime",
        num_bytes=len(reduced),
        sha256=hashlib.sha256(content).hexdigest(),
        facts=facts,
    )


def onnx_provider(device: str) -> str:
    """Return the name of what runs models of onnxruntime on a device.

    Raises:
        MeasureError: if this onnxruntime has none.
    """
    provider = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}[device]
    if provider not in import_module("onnxruntime").get_available_providers():
        raise MeasureError(f"--device {device}: this onnxruntime has no {provider}")
    return provider
