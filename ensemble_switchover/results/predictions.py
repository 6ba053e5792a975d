"""The members' log-probabilities on the test images after an epoch, kept beside a record.

From them every k of the members of one design can be put together to an ensemble without training.
Logarithms in single precision lose nothing that a network says: a probability of 1 - 1e-12 and one
of 1e-60 are both kept. Older files have probabilities in half precision, which step by 5e-4 near 1
and vanish below 6e-8.

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
    from ensemble_switchover.config.run_spec import RunSpec


LOG_PROBABILITIES, PROBABILITIES = "log_probabilities", "probabilities"
"""Arrays of a file: today's, and that of older files in half precision."""
PROBABILITY_BYTES = 4
"""Of one logarithm."""
LOGARITHM_ROUNDING = 1e-6
"""By which the logarithm of a probability of 1 may be above 0."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the members of a run said of some images."""

    log_probabilities: NDArray[np.float32]
    """(k, N, C) logarithms of the softmax in nats; -inf where a probability is 0."""
    labels: NDArray[np.int32]
    """(N,) classes."""
    from_half: bool = False
    """Whether they were kept as probabilities in half precision: a likelihood below 6e-8 is 0 then,
    and a confidence above 0.9998 is 1, so that NLL and what depends on such confidences is not
    known."""

    @classmethod
    def of_probabilities(
        cls, probabilities: NDArray[np.floating], labels: NDArray[np.integer]
    ) -> Predictions:
        """Make predictions of probabilities (k, N, C) and classes (N,)."""
        with np.errstate(divide="ignore"):
            logarithms = np.log(probabilities.astype(np.float32))
        from_half = probabilities.dtype == np.float16
        return cls(logarithms, labels.astype(np.int32, copy=False), from_half)

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(k, N, C) softmax, made anew by every call; of half precision exactly as they were."""
        return self._probabilities_of(self.log_probabilities)

    def sum_probabilities(self) -> NDArray[np.float32]:
        """Return the sum (N, C) of the members' probabilities, holding those of one at a time."""
        total = np.zeros(self.log_probabilities.shape[1:], dtype=np.float32)
        for member in self.log_probabilities:
            total += self._probabilities_of(member)
        return total

    def _probabilities_of(self, logarithms: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.exp(logarithms)
        return found.astype(np.float16).astype(np.float32) if self.from_half else found


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


def predictions_bytes(spec: RunSpec, which: str) -> int:
    """Return the bytes of the predictions that a run keeps, without its labels.

    Args:
        spec: The run.
        which: The value of `record.predictions`.
    """
    kept = kept_epochs(which, spec.recipe, spec.evaluated_epochs)
    sizes = spec.sizes
    held_out = sizes.validation if kept and sizes.evaluated_on == "test" else 0
    images = len(kept) * sizes.evaluated + held_out
    return PROBABILITY_BYTES * spec.design.k * images * spec.task.num_classes


def dump_predictions(predictions: Predictions) -> bytes:
    """Write predictions as a NumPy archive of plain arrays.

    Logarithms are not compressed: that would save a tenth, and take a second for every 10 MB. Those
    that were read in half precision are written so again.
    """
    labels, buffer = predictions.labels, io.BytesIO()
    if predictions.from_half:
        halves = predictions.probabilities.astype(np.float16)
        np.savez_compressed(buffer, probabilities=halves, labels=labels)
    else:
        logarithms = predictions.log_probabilities
        np.savez(buffer, log_probabilities=logarithms, labels=labels)
    return buffer.getvalue()


def load_predictions(content: bytes) -> Predictions:
    """Read what `dump_predictions` wrote, today or in half precision; nothing in it is run.

    Raises:
        RecordError: if it is damaged, or something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            from_half = LOG_PROBABILITIES not in arrays
            values = arrays[PROBABILITIES if from_half else LOG_PROBABILITIES]
            labels = arrays["labels"]
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
    expected = np.float16 if from_half else np.float32
    if values.dtype != expected or values.ndim != 3 or labels.shape != values.shape[1:2]:
        raise RecordError(
            f"predictions: expected {np.dtype(expected)} of (members, images, classes) and labels "
            f"of (images,), got {values.dtype} of {values.shape} and {labels.shape}"
        )
    num_classes = values.shape[2]
    if labels.dtype.kind not in "iu" or not ((labels >= 0) & (labels < num_classes)).all():
        raise RecordError(f"predictions: expected labels from 0 to {num_classes - 1}")
    if from_half:
        if not (np.isfinite(values).all() and (values >= 0).all() and values.any(axis=2).all()):
            raise RecordError("predictions: expected finite probabilities, not all of them 0")
        return Predictions.of_probabilities(values, labels)
    largest = values.max(axis=2, initial=-np.inf)  # NaN where one is
    if not ((largest > -np.inf) & (largest <= LOGARITHM_ROUNDING)).all():
        raise RecordError("predictions: expected logarithms of finite probabilities, not all 0")
    return Predictions(values, labels)


def predictions_file(epoch: int) -> str:
    """Return the name of the file of an epoch, counted from 1.

    >>> predictions_file(7)
    'predictions-epoch-0007.npz'
    """
    return PREDICTIONS_FILE.format(epoch=epoch)
