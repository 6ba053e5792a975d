"""The members' probabilities on the test images after an epoch, kept beside a record.

From them every k of the members of one design can be put together to an ensemble without training.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.layout import PREDICTIONS_FILE

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ensemble_switchover.config.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the members of a run said of the test images."""

    probabilities: NDArray[np.float16]
    """(k, N, C) softmax, in half precision."""
    labels: NDArray[np.int32]
    """(N,) classes."""


def kept_epochs(which: str, recipe: Recipe, evaluated: Collection[int]) -> list[int]:
    """Return the epochs, counted from 1, after which predictions are kept: of those evaluated.

    Args:
        which: `none`, `final`, `all`, or `milestones`: before every drop of the learning rate, and
            the last.
        recipe: Of the run.
        evaluated: Epochs after which the run is evaluated.

    >>> from ensemble_switchover.config.table_a import table_a
    >>> kept_epochs("milestones", table_a("densenet", "cifar10"), range(1, 121))
    [60, 90, 120]
    """
    asked = {
        "none": [],
        "final": [recipe.epochs],
        "milestones": recipe.milestones,
        "all": range(1, recipe.epochs + 1),
    }[which]
    return [epoch for epoch in asked if epoch in evaluated]


def kept_until(asked: Collection[int], num_epochs: int) -> list[int]:
    """Return the epochs whose predictions a run keeps that ended after some epochs.

    >>> kept_until([10, 20], 20), kept_until([10, 20], 13), kept_until([], 13)
    ([10, 20], [10, 13], [])
    """
    return sorted({*(epoch for epoch in asked if epoch < num_epochs), num_epochs}) if asked else []


def dump_predictions(predictions: Predictions) -> bytes:
    """Write predictions as a compressed NumPy archive of plain arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, probabilities=predictions.probabilities, labels=predictions.labels)
    return buffer.getvalue()


def load_predictions(content: bytes) -> Predictions:
    """Read what `dump_predictions` wrote; nothing in it is run.

    Raises:
        RecordError: if it is damaged, or something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            probabilities, labels = arrays["probabilities"], arrays["labels"]
    except (
        ValueError,
        KeyError,
        TypeError,  # an array by itself
        OSError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise RecordError(f"no predictions, or damaged ones: {error}") from error
    if (
        probabilities.dtype != np.float16
        or probabilities.ndim != 3
        or labels.shape != probabilities.shape[1:2]
    ):
        raise RecordError(
            f"predictions: expected half precision of (members, images, classes) and labels of "
            f"(images,), got {probabilities.dtype} of {probabilities.shape} and {labels.shape}"
        )
    if not np.isfinite(probabilities).all():
        raise RecordError("predictions: expected finite probabilities")
    return Predictions(probabilities, labels)


def predictions_file(epoch: int) -> str:
    """Return the name of the file of an epoch, counted from 1.

    >>> predictions_file(7)
    'predictions-epoch-0007.npz'
    """
    return PREDICTIONS_FILE.format(epoch=epoch)
