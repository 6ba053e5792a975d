"""Where things lie in the store, by name.

A run has the folder `<results>/<study>/<run>`, and while it is unfinished another one,
`<results>/<study>/.unfinished/<run>`, with its lock and its checkpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RECORD_FILE = "record.json"
CONFIG_FILE = "config.yaml"
EPOCHS_FILE = "epochs.parquet"
WEIGHTS_FILE = "weights.safetensors"
FAILURE_FILE = "failure.json"
PREDICTIONS_FILE = "predictions-epoch-{epoch:04d}.npz"
DESCRIPTION_FILE = "run.json"
LOG_FILE = "run.log"
WANDB_FILE = "wandb.json"
UNFINISHED_FOLDER = ".unfinished"


def unfinished_folder(folder: Path) -> Path:
    """Return where a run keeps what it needs until it is finished."""
    return folder.parent / UNFINISHED_FOLDER / folder.name


def predictions_folder(folder: Path) -> Path:
    """Return where a run keeps its predictions until it is finished."""
    return unfinished_folder(folder) / "predictions"


def checkpoint_folder(folder: Path) -> Path:
    """Return where a run keeps its checkpoints."""
    return unfinished_folder(folder) / "checkpoints"
