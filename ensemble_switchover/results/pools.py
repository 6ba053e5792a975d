"""The kept predictions of several runs of one design as one pool of members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.document import read_document, read_file
from ensemble_switchover.results.layout import VALIDATION_PREDICTIONS_FILE
from ensemble_switchover.results.predictions import (
    Predictions,
    load_predictions,
    predictions_file,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_pool(
    runs: Sequence[Sequence[Path]], epoch: int
) -> tuple[Predictions | None, dict[Path, str]]:
    """Join the members of runs, in their order, after an epoch counted from 1.

    Predictions may be removed from a record. A file that is absent, damaged or of other images is
    left out, and so is a seed of which no run has one.

    Args:
        runs: For each seed the folders of its runs, which have the same members: the first that
            kept predictions of that epoch is taken.
        epoch: Counted from 1.

    Returns:
        The pool, None where no run kept predictions; and why files were left out, by their paths.
    """
    parts: dict[Path, Predictions] = {}
    left_out: dict[Path, str] = {}
    name = predictions_file(epoch)
    for folders in runs:
        for folder in folders:
            try:
                part = read_predictions(folder, epoch)
                if part is not None and parts:
                    _compare(part, *next(iter(parts.items())))
            except RecordError as error:
                left_out[folder / name] = str(error).removeprefix(f"{folder / name}: ")
                continue
            if part is not None:
                parts[folder] = part
                break
    if not parts:
        return None, left_out
    joined = np.concatenate([part.log_probabilities for part in parts.values()])
    from_half = any(part.from_half for part in parts.values())
    return Predictions(joined, next(iter(parts.values())).labels, from_half), left_out


def read_predictions(folder: Path, epoch: int) -> Predictions | None:
    """Read the predictions that one run kept after an epoch, counted from 1.

    Returns:
        The predictions of its k members; None if it kept none.

    Raises:
        RecordError: if they are damaged, removed, or not those of its members and classes.
    """
    return _read(folder, predictions_file(epoch))


def read_validation_predictions(folder: Path) -> Predictions | None:
    """Read what the members of a run said of its validation images after the last epoch.

    Returns:
        The predictions of its k members; None if it kept none: it holds no images out, or is
        measured on them, so that its predictions are all of them.

    Raises:
        RecordError: if they are damaged, removed, or not those of its members and classes.
    """
    return _read(folder, VALIDATION_PREDICTIONS_FILE)


def _read(folder: Path, name: str) -> Predictions | None:
    document = read_document(folder)
    stored = document.files.get(name)
    if stored is None:
        return None
    found = load_predictions(read_file(folder, name, stored))
    k, classes = document.record.design.k, document.record.dataset.num_classes
    if found.log_probabilities.shape[::2] != (k, classes):
        members, others, several = found.log_probabilities.shape
        raise RecordError(
            f"predictions of {members} members on {others} images of {several} classes; expected "
            f"{k} members and {classes} classes"
        )
    return found


def _compare(part: Predictions, first: Path, predictions: Predictions) -> None:
    if not np.array_equal(part.labels, predictions.labels):
        raise RecordError(f"predictions of other images than those of {first.name}")
