"""Errors class by class, and which classes are taken for which.

Dimensions: N images, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def confusion_counts(
    labels: NDArray[np.integer], answers: NDArray[np.integer], num_classes: int
) -> NDArray[np.int64]:
    """Count the images of every class (rows) that get every class as answer (columns).

    Args:
        labels: (N,) classes.
        answers: (N,) classes that were predicted.
        num_classes: C.

    Returns:
        (C, C) images.

    >>> confusion_counts(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    pairs = labels.astype(np.int64) * num_classes + answers
    counts = np.bincount(pairs, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def class_error_percent(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the percentage of every class's images that get another class as answer.

    Args:
        confusion: (C, C), as `confusion_counts` returns it.

    Returns:
        (C,) percent; not a number for a class without images.
    """
    sizes = confusion.sum(axis=1)
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = 100.0 * (sizes - np.diagonal(confusion)) / sizes
    return shares


def mean_class_error_percent(confusion: NDArray[np.int64]) -> float:
    """Return the mean over the classes of their errors in percent: rare ones count as much.

    It is 100 % less the balanced accuracy of Brodersen et al. (The Balanced Accuracy and Its
    Posterior Distribution, ICPR 2010). Classes without images are left out.

    Args:
        confusion: (C, C), as `confusion_counts` returns it, of one image at least.

    >>> mean_class_error_percent(np.array([[98, 2, 0], [1, 1, 0], [0, 0, 0]]))
    26.0
    """
    errors = class_error_percent(confusion)
    return float(errors[~np.isnan(errors)].mean())


def most_confused(confusion: NDArray[np.int64], limit: int) -> list[tuple[int, int, int]]:
    """Return which classes are taken for which, the most frequent first.

    Args:
        confusion: (C, C), as `confusion_counts` returns it.
        limit: Pairs at most.

    Returns:
        `(label, answer, images)`; of equally frequent ones those of the lowest classes first.

    >>> most_confused(np.array([[5, 2, 0], [3, 1, 2], [0, 0, 4]]), 2)
    [(1, 0, 3), (0, 1, 2)]
    """
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    labels, answers = np.nonzero(wrong)
    counts = wrong[labels, answers]
    order = np.argsort(-counts, kind="stable")[:limit]
    columns = (labels[order], answers[order], counts[order])
    return list(zip(*(column.tolist() for column in columns), strict=True))
