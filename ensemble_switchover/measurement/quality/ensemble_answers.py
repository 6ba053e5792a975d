"""What an ensemble answers, and how sure it is: the mean of its members' probabilities.

Everything is computed from logarithms, image by image in double precision, so that confidences of
nearly 1 keep their order.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

VALUES_AT_ONCE = 1 << 21
"""Probabilities of all members that are converted to double precision at once."""


@dataclass(frozen=True, slots=True)
class EnsembleAnswers:
    """The answers of an ensemble to some images."""

    answers: NDArray[np.int64]
    """(N,) the most probable class; of equally probable ones the first."""
    log_confidences: NDArray[np.float64]
    """(N,) logarithm of its probability in nats."""
    relative: NDArray[np.float32]
    """(N, C) logarithm of each class's probability less that of the most probable: 0 or below."""

    @classmethod
    def of(cls, log_probabilities: NDArray[np.floating]) -> EnsembleAnswers:
        """Average the probabilities of members, given their logarithms (k, N, C).

        Raises:
            ValueError: if a value is not a number, or an image has no probability at all.
        """
        _, num_images, num_classes = log_probabilities.shape
        answers = np.empty(num_images, dtype=np.int64)
        log_confidences = np.empty(num_images)
        relative = np.empty((num_images, num_classes), dtype=np.float32)
        for part in _parts(log_probabilities.shape):
            mean = _mean_of_part(log_probabilities[:, part])
            answers[part] = mean.argmax(axis=1)
            largest = mean.max(axis=1)
            log_confidences[part] = largest
            with np.errstate(invalid="ignore"):
                relative[part] = mean - largest[:, None]
        if not np.isfinite(log_confidences).all():
            raise ValueError("log-probabilities: expected those of probabilities, and nan came")
        return cls(answers, log_confidences, relative)


def mean_log_probabilities(log_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the logarithm of the members' mean probability.

    Args:
        log_probabilities: (k, N, C) in nats; -inf where a probability is 0.

    Returns:
        (N, C); -inf where all members give 0.

    >>> members = np.log([[[0.5, 0.5]], [[0.25, 0.75]]])
    >>> np.exp(mean_log_probabilities(members)).tolist()
    [[0.375, 0.625]]
    """
    _, num_images, num_classes = log_probabilities.shape
    found = np.empty((num_images, num_classes))
    for part in _parts(log_probabilities.shape):
        found[part] = _mean_of_part(log_probabilities[:, part])
    return found


def _parts(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield the images of (k, N, C) that are converted to double precision at once."""
    k, num_images, num_classes = shape
    step = max(1, VALUES_AT_ONCE // max(1, k * num_classes))
    for start in range(0, num_images, step):
        yield slice(start, start + step)


def _mean_of_part(log_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    values = log_probabilities.astype(np.float64)
    largest = values.max(axis=0)
    base = np.where(np.isneginf(largest), 0.0, largest)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = base + np.log(np.exp(values - base).mean(axis=0))
    return found
