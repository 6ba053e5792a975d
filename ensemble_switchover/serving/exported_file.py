"""Export a trained ensemble to ONNX or torch.export, and compare the file with the original.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

import copy
import io
import json
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.units import GIBIBYTE
from ensemble_switchover.measurement.file_formats import METADATA_FILE
from ensemble_switchover.serving.served_ensemble import ServedEnsemble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor
    from torch.export import ExportedProgram

    from ensemble_switchover.design import ImageTask
    from ensemble_switchover.serving.weights import TrainedEnsemble

CHECKED_BATCH_SIZES = (1, 2, 7)
MAX_ONNX_BYTES = 2**31 - 1
"""The largest size of one ONNX file."""


def exported_content(
    trained: TrainedEnsemble, form: str, execution: str, metadata: Mapping[str, str]
) -> tuple[float, bytes]:
    """Export an ensemble, and compare what the exported file predicts with what it predicts.

    Args:
        trained: The ensemble; the exported file computes in float32.
        form: `onnx` or `torch_export`.
        execution: How the file runs the members: `sequential` or `fused`.
        metadata: What is written into the file about the run.

    Returns:
        The largest difference of a probability on images of noise, and the content of the file.

    Raises:
        ConfigError: if the weights are too large for the format.
    """
    write, load = EXPORT_FORMATS[form]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporters warn of their own internals
        content = write(exported_program(trained, execution), metadata)
        exported = load(content)
    return largest_difference(
        ServedEnsemble(trained, "sequential"), exported, trained.task
    ), content


def largest_difference(
    original: Callable[[Tensor], Tensor], exported: Callable[[Tensor], Tensor], task: ImageTask
) -> float:
    """Return the largest difference of a probability, on images of noise in several batches.

    Args:
        original: Maps `uint8` images (B, C, H, W) to probabilities (B, classes).
        exported: The same function of the exported file.
        task: The images and classes of the ensemble.
    """
    generator = torch.Generator().manual_seed(0)
    differences = []
    with torch.inference_mode():
        for batch_size in CHECKED_BATCH_SIZES:
            images = noise_images(batch_size, task, generator)
            differences.append((original(images) - exported(images)).abs().max())
    return float(torch.stack(differences).max())


def noise_images(batch_size: int, task: ImageTask, generator: torch.Generator) -> Tensor:
    """Draw `uint8` images (B, C, H, W) of noise."""
    shape = (batch_size, task.channels, task.size, task.size)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def exported_program(trained: TrainedEnsemble, execution: str) -> ExportedProgram:
    """Trace a copy of the ensemble in float32, for batches of any size.

    Args:
        trained: The ensemble, whose normalisation is part of the program.
        execution: How the program runs the members: `sequential` or `fused`.
    """
    single = replace(trained, ensemble=copy.deepcopy(trained.ensemble).float())
    module = ServedEnsemble(single, execution)
    for tensor in module.parameters():  # those of a fused ensemble share their memory
        tensor.data = tensor.clone(memory_format=torch.contiguous_format)
    example = noise_images(2, trained.task, torch.Generator().manual_seed(0))
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(module, (example,), dynamic_shapes=({0: batch},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it contains paths of this machine
    return program


def _write_onnx(program: ExportedProgram, metadata: Mapping[str, str]) -> bytes:
    num_bytes = sum(tensor.nbytes for tensor in program.state_dict.values())
    if num_bytes > MAX_ONNX_BYTES:
        raise ConfigError(
            f"--format onnx: expected weights of at most 2 GiB, found "
            f"{num_bytes / GIBIBYTE:.1f} GiB; use --format torch_export"
        )
    written = torch.onnx.export(
        program,
        dynamo=True,
        input_names=["images"],
        output_names=["probabilities"],
        dynamic_shapes=({0: "batch"},),  # names the axis, which the program already marks dynamic
        verbose=False,
    )
    assert written is not None
    written.model.metadata_props.update(metadata)
    return bytes(written.model_proto.SerializeToString())


def _load_onnx(content: bytes) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only, no warnings about the machine
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(None, {"images": images.numpy()})[0])


def _write_torch(program: ExportedProgram, metadata: Mapping[str, str]) -> bytes:
    """Return the file's bytes: torch's own writing ends the process where the disk is full."""
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={METADATA_FILE: json.dumps(metadata)})
    return buffer.getvalue()


def _load_torch(content: bytes) -> Callable[[Tensor], Tensor]:
    return torch.export.load(io.BytesIO(content)).module()


EXPORT_FORMATS: dict[
    str,
    tuple[
        Callable[[ExportedProgram, Mapping[str, str]], bytes],
        Callable[[bytes], Callable[[Tensor], Tensor]],
    ],
] = {"onnx": (_write_onnx, _load_onnx), "torch_export": (_write_torch, _load_torch)}
"""The functions that write and load a file, by format."""
