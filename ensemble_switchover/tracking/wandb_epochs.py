"""Which run of W&B a run is, and which of its epochs W&B has: kept for as long as it is unfinished.

So one run of W&B goes through every interruption, on any machine, and has each epoch once.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.machine.files import write_file
from ensemble_switchover.results.layout import WANDB_FILE, unfinished_folder
from ensemble_switchover.tracking.wandb_file import has_run, last_epoch

if TYPE_CHECKING:
    import wandb

ID_BYTES = 8


@dataclass(slots=True, kw_only=True)
class WandbEpochs:
    """A run's id at W&B, and its last epochs that were handed over."""

    id: str
    online: int = 0
    """The last epoch that was sent to the server."""
    offline: int = 0
    """The last epoch that was written to a file of W&B's."""
    file: str | None = None
    """That file."""
    before: int = 0
    """The last epoch that was written to the files before it."""
    closed: bool = False
    """Whether the process that handed them over ended its run of W&B, rather than being killed."""


def read_wandb_epochs(run_folder: Path) -> WandbEpochs:
    """Read what an unfinished run has handed over, or begin with an id of its own."""
    try:
        return WandbEpochs(**json.loads(_path(run_folder).read_text()))
    except (OSError, ValueError, TypeError):
        return WandbEpochs(id=secrets.token_hex(ID_BYTES))


def write_wandb_epochs(run_folder: Path, epochs: WandbEpochs) -> None:
    """Keep what a run has handed over; a full disk costs W&B an epoch twice, never the run."""
    with suppress(OSError):
        write_file(_path(run_folder), json.dumps(asdict(epochs)).encode())


def close_wandb_epochs(run_folder: Path, epochs: WandbEpochs) -> None:
    """Note that W&B was given the time to take what was handed over; a finished run has no need."""
    if _path(run_folder).exists():
        write_wandb_epochs(run_folder, replace(epochs, closed=True))


def kept_of_killed_process(epochs: WandbEpochs) -> WandbEpochs:
    """Find out what W&B kept on disk of what a killed process handed over: less than all.

    A file that is not there any more was sent, so it had all of it. One in which W&B had not even
    written which run it is would stop `wandb sync`, and is removed.
    """
    if epochs.closed or epochs.file is None or not Path(epochs.file).exists():
        return epochs
    file = Path(epochs.file)
    kept = replace(epochs, offline=max(epochs.before, last_epoch(file)))
    if not has_run(file):
        with suppress(OSError):
            file.unlink()
    return kept


def epochs_at_wandb(epochs: WandbEpochs, run: wandb.Run) -> WandbEpochs:
    """Find out which epochs W&B has, now that a run was started, online or offline.

    The server says what it has of what was sent to it; without it, all of that counts.
    """
    if run.offline:
        file = str(Path(run.dir).absolute().parent / f"run-{epochs.id}.wandb")
        return replace(epochs, before=epochs.offline, file=file, closed=False)
    online = dict(run.summary).get("epoch") if run.resumed else None
    return replace(epochs, online=int(online or 0), closed=False)


def _path(run_folder: Path) -> Path:
    return unfinished_folder(run_folder) / WANDB_FILE
