"""A `.pt2` is run by torch."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import MeasureError, first_line
from ensemble_switchover.measure.required_package import require_package
from ensemble_switchover.measure.timed_file import TimedFile
from ensemble_switchover.measure.torch_archive import no_unpickling, refuse_code
from ensemble_switchover.measurement.file_formats import METADATA_FILE

if TYPE_CHECKING:
    from pathlib import Path


def load_torch(path: Path, content: bytes, threads: int, device: str) -> TimedFile:
    """Load a `.pt2`, if loading it runs no code.

    Args:
        path: It.
        content: What is in it, for its checksum.
        threads: Threads within one call.
        device: `cpu` or `cuda`.

    Raises:
        MeasureError: if it cannot be loaded, would run code, takes no images, or torch is missing.
    """
    torch = require_package("torch", f"{path}: is timed by torch")
    refuse_code(path)
    torch.set_num_threads(threads)
    extra = {METADATA_FILE: ""}
    try:
        with no_unpickling():
            program = torch.export.load(path, extra_files=extra)
        if device == "cuda":
            passes = import_module("torch.export.passes")
            program = passes.move_to_device_pass(program, "cuda")
        module = program.module()
        names = program.graph_signature.user_inputs
        entry = next(n for n in program.graph.nodes if n.name == names[0]).meta["val"]
        facts = json.loads(extra[METADATA_FILE] or "{}")
    except Exception as error:
        raise MeasureError(f"{path}: torch cannot load it: {first_line(error)}") from error
    if entry.dtype != torch.uint8 or entry.ndim != 4:
        raise MeasureError(
            f"{path}: expected an input of uint8 (images, channels, height, width), as export "
            f"writes it, got {entry.dtype} of {tuple(entry.shape)}"
        )

    def predict(images: Any) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(images).to(device)).cpu().numpy()

    return TimedFile(
        name=path.name,
        kind="torch_export",
        precision="float32",
        predict=predict,
        shape=tuple(int(size) for size in entry.shape[1:]),
        runtime="torch",
        num_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        facts=facts,
    )
