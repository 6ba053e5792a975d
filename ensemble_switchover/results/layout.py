"""Where things lie in the store, by name.

A run has the folder `<results>/<study>/<run>`, and while it is unfinished another one,
`<results>/<study>/.unfinished/<run>`, with its lock and its checkpoints.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ensemble_switchover.config.store_names import (
    CONFIG_FILE,
    DESCRIPTION_FILE,
    EPOCHS_FILE,
    FAILURE_FILE,
    LOG_FILE,
    PREDICTIONS_FILE,
    RECOMPUTED_FILE,
    RECORD_FILE,
    TIMINGS_FILE,
    UNFINISHED_FOLDER,
    VALIDATION_PREDICTIONS_FILE,
    WANDB_FILE,
    WEIGHTS_FILE,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "CONFIG_FILE",
    "DESCRIPTION_FILE",
    "EPOCHS_FILE",
    "FAILURE_FILE",
    "LOG_FILE",
    "PREDICTIONS_FILE",
    "RECOMPUTED_FILE",
    "RECORD_FILE",
    "TIMINGS_FILE",
    "UNFINISHED_FOLDER",
    "VALIDATION_PREDICTIONS_FILE",
    "WANDB_FILE",
    "WEIGHTS_FILE",
    "checkpoint_folder",
    "is_predictions_file",
    "predictions_folder",
    "run_folder",
    "unfinished_folder",
]


_PREDICTIONS = re.compile(re.sub(r"{.*}", r"\\d+", PREDICTIONS_FILE))


def is_predictions_file(name: str) -> bool:
    """Return whether a file beside a record holds predictions, by its name.

    >>> is_predictions_file("predictions-epoch-0015.npz"), is_predictions_file("record.json")
    (True, False)
    """
    return name == VALIDATION_PREDICTIONS_FILE or _PREDICTIONS.fullmatch(name) is not None


def run_folder(path: Path) -> Path:
    """Return the folder of the run that a path means: its own, its unfinished one, or its record.

    >>> from pathlib import Path
    >>> run_folder(Path("results/demo/.unfinished/run"))
    PosixPath('results/demo/run')
    """
    folder = path.parent if path.name == RECORD_FILE else path
    if folder.parent.name == UNFINISHED_FOLDER:
        return folder.parent.parent / folder.name
    return folder


def unfinished_folder(folder: Path) -> Path:
    """Return where a run keeps what it needs until it is finished."""
    return folder.parent / UNFINISHED_FOLDER / folder.name


def predictions_folder(folder: Path) -> Path:
    """Return where a run keeps its predictions until it is finished."""
    return unfinished_folder(folder) / "predictions"


def checkpoint_folder(folder: Path) -> Path:
    """Return where a run keeps its checkpoints."""
    return unfinished_folder(folder) / "checkpoints"
