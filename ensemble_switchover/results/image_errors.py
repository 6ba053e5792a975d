"""On which images a run errs, from the predictions that it kept.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.pools import read_predictions
from ensemble_switchover.results.predictions import predictions_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ensemble_switchover.results.predictions import Predictions

MAX_CHANGED = 2
"""Images whose answer half precision may have changed, since the run's own error was measured."""
TIED = 1e-6
"""Probabilities that differ by no more may have been in the other order, or equal, in the run."""


@dataclass(frozen=True, slots=True)
class ImageErrors:
    """On which images the ensemble of a run errs."""

    errors: NDArray[np.bool_]
    """(N,) whether it errs."""
    labels: NDArray[np.int32]
    """(N,) the images' classes."""
    max_changed: int = 0
    """Images whose answer rounding may have changed, since the run's own error was measured."""


def read_image_errors(folder: Path, epoch: int, error_percent: float) -> ImageErrors | None:
    """Read on which images a run errs after an epoch.

    Nothing is opened where no predictions lie beside the record, so that asking many runs costs
    little.

    Args:
        folder: The run's folder.
        epoch: Counted from 1.
        error_percent: The error that its record has of that epoch.

    Returns:
        The errors; None if there are no predictions of that epoch.

    Raises:
        RecordError: if the predictions are damaged, or do not give the record's error.
    """
    if not (folder / predictions_file(epoch)).exists():
        return None
    members = read_predictions(folder, epoch)
    if members is None:
        return None
    found = errors_of(members)
    expected = error_percent * len(found.labels) / 100.0
    errors = int(found.errors.sum())
    if abs(errors - expected) > found.max_changed + 0.5:
        raise RecordError(
            f"predictions that err on {errors} of {len(found.labels)} images; expected "
            f"{expected:.0f}, the record's error of {error_percent:.2f} %"
        )
    return found


def errors_of(members: Predictions) -> ImageErrors:
    """Return on which images the mean of the members' probabilities errs.

    Args:
        members: Of one ensemble, `(k, N, C)`.
    """
    total = members.sum_probabilities()
    k, _, classes = members.log_probabilities.shape
    max_changed = MAX_CHANGED
    if not members.from_half:
        largest = np.partition(total, -min(2, classes), axis=1)[:, -2:]
        max_changed = int((np.ptp(largest, axis=1) <= k * TIED).sum()) if classes > 1 else 0
    return ImageErrors(total.argmax(axis=1) != members.labels, members.labels, max_changed)
