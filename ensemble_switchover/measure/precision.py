"""ONNX models in reduced precision, converted on the machine that times them."""

from __future__ import annotations

import logging
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from ensemble_switchover.errors import MeasureError, first_line
from ensemble_switchover.measure.required_package import require_package

PRECISIONS = ("float32", "float16", "int8")


def reduce_precision(content: bytes, precision: str) -> bytes:
    """Convert an ONNX model by onnxruntime's own tools.

    float16 has weights and arithmetic of half precision where the processor has it (else
    onnxruntime converts back and forth); int8 is dynamic quantisation: weights of 8 bits once,
    activations at each call.

    Args:
        content: The model in float32.
        precision: One of `PRECISIONS`.

    Raises:
        MeasureError: if a package is missing, or the tools cannot convert it.
    """
    if precision == "float32":
        return content
    onnx = require_package("onnx", f"--precision {precision}: onnxruntime's tools need onnx")
    try:
        model = onnx.load_model_from_string(content)
        return _half(model) if precision == "float16" else _quantised(model)
    except Exception as error:
        raise MeasureError(f"--precision {precision}: {first_line(error)}") from error


def _half(model: Any) -> bytes:
    tools = import_module("onnxruntime.transformers.float16")
    written = tools.convert_float_to_float16(model, keep_io_types=True)
    return bytes(written.SerializeToString())


def _quantised(model: Any) -> bytes:
    tools = import_module("onnxruntime.quantization")
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)  # it advises preprocessing, which changes nothing here
    try:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "int8.onnx")
            tools.quantize_dynamic(model, out, weight_type=tools.QuantType.QUInt8)
            return out.read_bytes()
    finally:
        logging.root.setLevel(level)
