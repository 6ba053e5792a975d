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


def read_pool(folders: Sequence[Path], epoch: int) -> Predictions | None:
    """Join the members of runs, in their order, after an epoch counted from 1.

    Runs that kept no predictions of that epoch are left out.

    Returns:
        The pool; None where no run kept them.

    Raises:
        RecordError: if a file is damaged, or two runs predicted other images.
    """
    name = predictions_file(epoch)
    parts: list[Predictions] = []
    for folder in folders:
        stored = read_document(folder).files.get(name)
        if stored is None:
            continue
        try:
            part = load_predictions(read_file(folder, name, stored))
        except RecordError as error:
            text = str(error)
            where = "" if text.startswith(str(folder)) else f"{folder / name}: "
            raise RecordError(f"{where}{text}") from error
        if parts and not np.array_equal(part.labels, parts[0].labels):
            raise RecordError(f"{folder / name}: of other images than those of {folders[0].name}")
        parts.append(part)
    if not parts:
        return None
    return Predictions(np.concatenate([part.probabilities for part in parts]), parts[0].labels)
