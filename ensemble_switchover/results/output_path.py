"""Where commands may write what they make: never over a file of a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine.files import descriptor_of
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    EPOCHS_FILE,
    FAILURE_FILE,
    LOG_FILE,
    RECOMPUTED_FILE,
    RECORD_FILE,
    TIMINGS_FILE,
    UNFINISHED_FOLDER,
    VALIDATION_PREDICTIONS_FILE,
    WEIGHTS_FILE,
    is_predictions_file,
)

if TYPE_CHECKING:
    from collections.abc import Container

_MADE_BY_RUNS = (
    RECORD_FILE,
    FAILURE_FILE,
    CONFIG_FILE,
    EPOCHS_FILE,
    WEIGHTS_FILE,
    LOG_FILE,
    RECOMPUTED_FILE,
    TIMINGS_FILE,
    VALIDATION_PREDICTIONS_FILE,
)


def require_output_file(option: str, path: Path, example: str) -> None:
    """Refuse a path at which a command cannot or must not write a file.

    Args:
        option: The option that names the path, such as `--out`.
        path: The path; symbolic links are followed.
        example: The name of a file that is right.

    Raises:
        ConfigError: for a folder, a disk, or a file of a run's record.
        OSError: if the path cannot be followed.
    """
    if descriptor_of(path) is not None:
        return
    if path.is_dir():
        raise ConfigError(f"{option} {path}: is a folder; expected a file such as {example}")
    if path.is_block_device() or path.is_socket():
        kind = "a disk" if path.is_block_device() else "a socket"
        raise ConfigError(f"{option} {path}: is {kind}; expected a file such as {example}")
    run = _run_with_file(Path(os.path.realpath(path)))
    if run is not None:
        raise ConfigError(
            f"{option} {path}: is a file of the run {run}, which is never overwritten; expected "
            f"another, such as {example}"
        )


def require_output_folder(option: str, path: Path) -> None:
    """Refuse a path at which a command cannot or must not make a folder of files.

    Raises:
        ConfigError: for what is no folder, or is the folder of a run.
    """
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{option} {path}: is a file; expected a folder")
    real = Path(os.path.realpath(path))
    if UNFINISHED_FOLDER in real.parts or _is_run(real):
        raise ConfigError(
            f"{option} {path}: is the folder of a run; expected another, or one in it"
        )


def _run_with_file(path: Path) -> Path | None:
    """Return the run that owns a path."""
    folder = path.parent
    if UNFINISHED_FOLDER in folder.parts:
        return folder
    if path.name in (RECORD_FILE, FAILURE_FILE):  # it would make a run of any folder
        return folder
    return folder if _is_run(folder) and path.name in _files_of(folder) else None


def _is_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in (RECORD_FILE, FAILURE_FILE))


def _files_of(folder: Path) -> Container[str]:
    predictions = {path.name for path in folder.iterdir() if is_predictions_file(path.name)}
    names = {*_MADE_BY_RUNS, *predictions}
    try:
        return names | read_document(folder).files.keys()
    except RecordError:
        return names
