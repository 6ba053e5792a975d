"""The kept predictions of several runs of one design as one pool of members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.document import read_document, read_file
from ensemble_switchover.results.predictions import (
    Predictions,
    load_predictions,
    predictions_file,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_pool(runs: Sequence[Sequence[Path]], epoch: int) -> Predictions | None:
    """Join the members of runs, in their order, after an epoch counted from 1.

    Args:
        runs: For each seed the folders of its runs, which have the same members: the first that
            kept predictions of that epoch is taken. A seed of which none did is left out.
        epoch: Counted from 1.

    Returns:
        The pool; None where no run kept them.

    Raises:
        RecordError: if a file is damaged, or two runs predicted other images.
    """
    parts: dict[Path, Predictions] = {}
    for folders in runs:
        for folder in folders:
            part = _read(folder, predictions_file(epoch))
            if part is not None:
                parts[folder] = part
                break
    if not parts:
        return None
    first, *others = parts
    for other in others:
        if not np.array_equal(parts[other].labels, parts[first].labels):
            raise RecordError(f"{other}: predictions of other images than those of {first.name}")
    probabilities = np.concatenate([part.probabilities for part in parts.values()])
    return Predictions(probabilities, parts[first].labels)


def _read(folder: Path, name: str) -> Predictions | None:
    stored = read_document(folder).files.get(name)
    if stored is None:
        return None
    content = read_file(folder, name, stored)
    try:
        return load_predictions(content)
    except RecordError as error:
        raise RecordError(f"{folder / name}: {error}") from error
