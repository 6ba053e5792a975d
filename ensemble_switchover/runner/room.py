"""Whether a run's record will fit onto the disk, asked before it is trained."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from ensemble_switchover.machine.units import MEBIBYTE
from ensemble_switchover.results.predictions import predictions_bytes

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config

WEIGHT_BYTES = 4
FURTHER_BYTES = MEBIBYTE
"""Taken for everything in a record but weights and predictions."""


def record_bytes(spec: RunSpec, config: Config) -> int:
    """Estimate the bytes on disk of a run's record, with its weights and predictions."""
    weights = WEIGHT_BYTES * spec.design.parameters if config.record.weights else 0
    return weights + predictions_bytes(spec, config.record.predictions) + FURTHER_BYTES


def require_room(spec: RunSpec, config: Config) -> None:
    """Refuse a training whose record would not fit onto the disk of its study's folder.

    Raises:
        OSError: if there is less room than the record takes.
    """
    needed = record_bytes(spec, config)
    disk = shutil.disk_usage(spec.study_folder)
    free = disk.free
    if disk.total and free < needed:  # some file systems of a network do not tell
        text = f"{os.strerror(errno.ENOSPC)} for a run's record: {needed / MEBIBYTE:,.1f} MiB are "
        text += f"needed, {free / MEBIBYTE:,.1f} MiB are free"
        raise OSError(errno.ENOSPC, text, str(spec.study_folder))
