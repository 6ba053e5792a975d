"""Checkpoints: the state of a run after an epoch, on disk, from which it can be resumed.

A file is a checksum followed by tensors and plain values, written by torch; reading it runs no code
of the file. It is written under another name, flushed and renamed; the checkpoint before it is kept
in case the last one is damaged.
"""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.errors import DataError
from ensemble_switchover.machine.files import write_flushed_file
from ensemble_switchover.training.epoch_result import MemberState
from ensemble_switchover.training.plain_values import plain_member

if TYPE_CHECKING:
    from pathlib import Path

_logger = logging.getLogger(__name__)

MAGIC = b"ensemble_switchover checkpoint 2\n"
NUM_KEPT = 2
CHECKPOINT_SUFFIX = ".checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Everything that the following epochs depend on, and what has been measured so far."""

    fingerprint: str | None = None
    """Of the run; checkpoints that were written before they had it have none."""
    num_epochs: int
    """Epochs trained."""
    members: list[MemberState]
    execution_plan: ExecutionPlan
    """How the members are executed; a resumed run keeps it."""
    timing_environment: str
    """Device, threads and version of torch, on which the times depend."""
    rows: bytes
    """The records of the epochs, as bytes."""
    wall_seconds: float
    """Seconds spent on the run so far."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Where they went, by part; empty in checkpoints that were written before it was kept."""
    callbacks: dict[str, Any] = field(default_factory=dict)
    """States of the user's callbacks, by name."""
    stop_requested: bool = False
    """Whether a callback has asked for the end of the training."""


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically, and remove all but the newest ones.

    Raises:
        OSError: if it cannot be written; the checkpoints before it stay.
    """
    buffer = io.BytesIO()
    values = {
        "fingerprint": checkpoint.fingerprint,
        "num_epochs": checkpoint.num_epochs,
        "members": [plain_member(member) for member in checkpoint.members],
        "way": checkpoint.execution_plan.label,
        "place": checkpoint.timing_environment,
        "rows": checkpoint.rows,
        "wall_seconds": checkpoint.wall_seconds,
        "seconds": checkpoint.seconds,
        "callbacks": checkpoint.callbacks,
        "stop_requested": checkpoint.stop_requested,
    }
    torch.save(values, buffer)
    content = buffer.getvalue()
    path = folder / f"{checkpoint.num_epochs:06d}{CHECKPOINT_SUFFIX}"
    write_flushed_file(path, MAGIC + hashlib.sha256(content).digest() + content)
    for old in _newest_first(folder)[NUM_KEPT:]:
        old.unlink(missing_ok=True)


def read_checkpoint(folder: Path, fingerprint: str | None = None) -> Checkpoint | None:
    """Read a run's newest checkpoint, with a warning for each that is damaged or another run's.

    Args:
        folder: The folder of checkpoints.
        fingerprint: That of the run; by default any run's checkpoint is taken.
    """
    paths = _newest_first(folder)
    for number, path in enumerate(paths, 1):
        try:
            return _read(path, fingerprint)
        except DataError as error:
            older = "the one before it is taken" if number < len(paths) else "the run begins anew"
            _logger.warning(f"{error}; {older}")
    return None


def remove_checkpoints(folder: Path) -> None:
    """Remove all checkpoints of a run."""
    shutil.rmtree(folder, ignore_errors=True)


def _newest_first(folder: Path) -> list[Path]:
    try:
        paths = [path for path in folder.iterdir() if path.suffix == CHECKPOINT_SUFFIX]
    except FileNotFoundError:
        return []
    return sorted(paths, reverse=True)


def _read(path: Path, fingerprint: str | None) -> Checkpoint:
    content = path.read_bytes()
    start = len(MAGIC) + hashlib.sha256().digest_size
    digest, payload = content[len(MAGIC) : start], content[start:]
    if not content.startswith(MAGIC) or hashlib.sha256(payload).digest() != digest:
        raise DataError(f"{path}: damaged, or no checkpoint of this version")
    try:
        values = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
        checkpoint = Checkpoint(
            fingerprint=values.get("fingerprint"),
            num_epochs=values["num_epochs"],
            members=[MemberState(**member) for member in values["members"]],
            execution_plan=ExecutionPlan.named(values["way"]),
            timing_environment=values["place"],
            rows=values["rows"],
            wall_seconds=values["wall_seconds"],
            seconds=values.get("seconds", {}),
            callbacks=values.get("callbacks", {}),
            stop_requested=values.get("stop_requested", False),
        )
    except (
        pickle.UnpicklingError,
        RuntimeError,
        TypeError,
        KeyError,
        ValueError,
        EOFError,
    ) as error:
        raise DataError(f"{path}: no checkpoint of this version") from error
    if None not in (checkpoint.fingerprint, fingerprint) and checkpoint.fingerprint != fingerprint:
        raise DataError(
            f"{path}: expected a checkpoint of run {fingerprint}, found one of "
            f"{checkpoint.fingerprint}"
        )
    return checkpoint
