"""The folder of an exported cascade: its members' files, their description, and a program.

No torch: a command can refuse a folder before anything is loaded.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.serving import onnx_cascade
from ensemble_switchover.serving.onnx_cascade import (
    MANIFEST_FILE,
    MANIFEST_SCHEMA,
    RUNNER_FILE,
    CascadeError,
    read_cascade_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.design import ImageTask
    from ensemble_switchover.serving.cascade_settings import CascadeSettings

_LEFT_BY_PYTHON = "__pycache__"


def write_cascade_folder(
    folder: Path,
    members: Sequence[bytes],
    settings: CascadeSettings,
    *,
    form: str,
    suffix: str,
    task: ImageTask,
    class_names: Sequence[str],
    facts: Mapping[str, Any],
) -> None:
    """Write the files of an exported cascade into an empty folder.

    Args:
        folder: It.
        members: The content of each member's file, in the order in which they were trained.
        settings: The order in which they are asked, and when an image stops.
        form: `onnx` or `torch_export`.
        suffix: That of the members' files.
        task: The images and classes of the ensemble.
        class_names: One for each class, or none.
        facts: What else is said about the run; JSON.

    Raises:
        OSError: if a file cannot be written.
    """
    names = [f"member-{number}{suffix}" for number in range(len(members))]
    for name, content in zip(names, members, strict=True):
        write_file(folder / name, content, flush=True)
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "format": form,
        "rule": settings.rule,
        "threshold": settings.threshold,
        "order": list(settings.order),
        "members": [
            {"file": name, "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in zip(names, members, strict=True)
        ],
        "image_shape": [task.channels, task.size, task.size],
        "num_classes": task.num_classes,
        "class_names": list(class_names),
        **facts,
    }
    text = json.dumps(manifest, indent=2, allow_nan=False, ensure_ascii=False)
    write_file(folder / MANIFEST_FILE, f"{text}\n".encode(), flush=True)
    write_file(folder / RUNNER_FILE, Path(onnx_cascade.__file__).read_bytes(), flush=True)


def require_cascade_folder(option: str, path: Path) -> None:
    """Refuse a folder that has anything else in it than an exported cascade.

    Args:
        option: The option that names the path, such as `--out`.
        path: A folder, or nothing yet.

    Raises:
        ConfigError: for a folder that is not ours to replace.
        OSError: if it cannot be read.
    """
    if not path.exists():
        return
    found = {entry.name for entry in path.iterdir()}
    if not found:
        return
    try:
        manifest = read_cascade_manifest(path)
    except CascadeError as error:
        raise ConfigError(
            f"{option} {path}: is not empty, and no exported cascade, which would be replaced "
            f"({error}); expected another folder"
        ) from error
    own = {MANIFEST_FILE, RUNNER_FILE, _LEFT_BY_PYTHON, *(name for name, _ in manifest.files)}
    if found - own:
        others = ", ".join(sorted(found - own)[:3])
        raise ConfigError(
            f"{option} {path}: has other files beside an exported cascade, which would be lost "
            f"({others}); expected another folder"
        )
