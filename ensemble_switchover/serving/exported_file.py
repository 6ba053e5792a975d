"""A trained ensemble as a file of ONNX or of torch.export, run beside the original.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.files import TEMPORARY_PREFIX
from ensemble_switchover.machine.units import GIBIBYTE
from ensemble_switchover.serving.predictors import Predictor, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor
    from torch.export import ExportedProgram

    from ensemble_switchover.design import ImageTask
    from ensemble_switchover.serving.weights import TrainedEnsemble

CHECKED_BATCH_SIZES = (1, 2, 7)
MAX_ONNX_BYTES = 2**31 - 1
"""What one file of ONNX can hold."""

FACTS_FILE = "ensemble_switchover.json"
"""Where a file of torch.export tells of itself: one of its extra files."""


def export_file(
    trained: TrainedEnsemble,
    form: str,
    execution: str,
    out: Path,
    facts: Mapping[str, str],
    tolerance: float,
) -> float:
    """Write an ensemble to `out`, unless the file differs from the original.

    Args:
        trained: The ensemble; the file computes in float32.
        form: `onnx` or `torch_export`.
        execution: How the file executes the members: `sequential` or `fused`.
        out: The file; there whole, and only after it was checked.
        facts: What the file tells of itself.
        tolerance: Largest difference that is allowed.

    Returns:
        The largest difference of a probability, on images of noise.

    Raises:
        ConfigError: if the format cannot hold so large a network.
    """
    write, load = EXPORT_FORMATS[form]
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=out.parent))
    try:
        path = folder / out.name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's exporters speak of their own affairs
            write(_program(trained, execution), facts, path)
            exported = load(path)
        difference = largest_difference(original_of(trained), exported, trained.task)
        if difference <= tolerance:
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.replace(out)
        return difference
    finally:
        shutil.rmtree(folder)


def original_of(trained: TrainedEnsemble) -> Predictor:
    """Return the ensemble itself, one member after another, in the precision of its weights."""
    dtype = next(trained.ensemble.parameters()).dtype
    return Predictor(serve(trained.ensemble, "sequential"), *trained.normalisation.factors(dtype))


def largest_difference(
    original: Callable[[Tensor], Tensor], exported: Callable[[Tensor], Tensor], task: ImageTask
) -> float:
    """Return by how much probabilities differ at most, on images of noise in several batches."""
    generator = torch.Generator().manual_seed(0)
    differences = []
    with torch.inference_mode():
        for batch_size in CHECKED_BATCH_SIZES:
            images = _noise(batch_size, task, generator)
            differences.append((original(images) - exported(images)).abs().max())
    return float(torch.stack(differences).max())


def _noise(batch_size: int, task: ImageTask, generator: torch.Generator) -> Tensor:
    shape = (batch_size, task.channels, task.size, task.size)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def _program(trained: TrainedEnsemble, execution: str) -> ExportedProgram:
    """Trace the ensemble in float32, for batches of any size."""
    module = Predictor(
        serve(copy.deepcopy(trained.ensemble).float(), execution),
        *trained.normalisation.factors(torch.float32),
    ).requires_grad_(False)
    for tensor in module.parameters():  # a fused one's share their memory
        tensor.data = tensor.clone(memory_format=torch.contiguous_format)
    example = _noise(2, trained.task, torch.Generator().manual_seed(0))
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(module.eval(), (example,), dynamic_shapes=({0: batch},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it names folders of this machine
    return program


def _write_onnx(program: ExportedProgram, facts: Mapping[str, str], path: Path) -> None:
    num_bytes = sum(tensor.nbytes for tensor in program.state_dict.values())
    if num_bytes > MAX_ONNX_BYTES:
        raise ConfigError(
            f"--format onnx: a file holds 2 GiB, the weights take {num_bytes / GIBIBYTE:.1f}; "
            f"expected --format torch_export"
        )
    written = torch.onnx.export(
        program,
        dynamo=True,
        input_names=["images"],
        output_names=["probabilities"],
        dynamic_shapes=({0: "batch"},),  # the axis' name; that it varies, the program knows
        verbose=False,
    )
    assert written is not None
    written.model.metadata_props.update(facts)
    written.save(path)


def _load_onnx(path: Path) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: its remarks on the machine are of no use here
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(None, {"images": images.numpy()})[0])


def _write_torch(program: ExportedProgram, facts: Mapping[str, str], path: Path) -> None:
    torch.export.save(program, path, extra_files={FACTS_FILE: json.dumps(facts)})


def _load_torch(path: Path) -> Callable[[Tensor], Tensor]:
    return torch.export.load(path).module()


EXPORT_FORMATS: dict[
    str,
    tuple[
        Callable[[ExportedProgram, Mapping[str, str], Path], None],
        Callable[[Path], Callable[[Tensor], Tensor]],
    ],
] = {"onnx": (_write_onnx, _load_onnx), "torch_export": (_write_torch, _load_torch)}
"""How a file is written and loaded again, by format."""
