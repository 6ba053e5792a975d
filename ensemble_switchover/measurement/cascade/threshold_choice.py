"""The choice of the threshold at which a cascade stops, and which images it is chosen on.

The cheapest threshold is the lowest one (the fewest members are asked) from which on the cascade,
at it and at every higher one, errs at most 0.1 points more than the whole ensemble does on the same
images. From which on: errors waver with the threshold, and the lowest of many thresholds at which
chance has the error low for once would not keep it on other images (docs/cascades.md).

A threshold chosen on the images that it is read on looks better than it is, because chance chose
with it. So it is chosen on others: on held-out images, or in folds, where each image is read with
the threshold that the other folds gave (Stone 1974, Cross-validatory choice and assessment of
statistical predictions).

Dimensions: k members, N images, E events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.measurement.cascade.exit_rules import CHEAP_POINTS, WHOLE_ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NUM_FOLDS = 5
"""Folds of cross-fitting."""
FOLD_SEED = 0
"""Seed of the folds: those of all runs on the same images are the same."""
_ROUNDING = 1e-9
"""Errors this much beyond a limit, a number of images, are within it."""


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """A threshold to serve with, and the one that each image is read with."""

    threshold: float
    of_images: float | NDArray[np.float64]
    """Of all images, or of each, `(N,)`: none was chosen on the image that it is of."""
    fold_thresholds: tuple[float, ...] = ()
    """Empty where there are no folds."""


@dataclass(frozen=True, slots=True)
class _Events:
    """The thresholds beyond which images go on to a further member, rising.

    An image goes on from member m where the threshold exceeds the largest of its first m scores.
    """

    at: NDArray[np.float32]
    """(E,) the threshold beyond which an image goes on; E is `(k - 1) N`."""
    image: NDArray[np.intp]
    """(E,) the image."""
    more_errors: NDArray[np.int64]
    """(E,) 1 where the answer becomes wrong, -1 where it becomes right, else 0."""


def cheapest_threshold(
    scores: NDArray[np.float32], errors: NDArray[np.bool_], points: float = CHEAP_POINTS
) -> float:
    """Return the lowest threshold from which on a cascade errs little more than the ensemble.

    Every threshold is tried. Of those between two observed scores, which are all the same, that
    midway is taken, so that rounding decides nothing; it is a number of single precision.

    Args:
        scores: After each member, `(k, N)`.
        errors: Whether the mean so far errs, `(k, N)`.
        points: By which the cascade may err more, at the threshold and at every higher one, in
            percentage points of N images.

    Returns:
        From 0, the first member alone, to `WHOLE_ENSEMBLE`.

    >>> scores = np.array([[0.6, 0.7, 0.9], [0.8, 0.8, 0.8]], dtype=np.float32)
    >>> errors = np.array([[True, False, False], [False, False, False]])
    >>> round(cheapest_threshold(scores, errors), 3)  # the first image must go on
    0.65
    """
    return _cheapest(_list_events(scores, errors), errors, points)


def cross_fit(
    scores: NDArray[np.float32],
    errors: NDArray[np.bool_],
    folds: Sequence[NDArray[np.intp]],
    points: float = CHEAP_POINTS,
) -> ThresholdChoice:
    """Choose a threshold for each fold on the images of the others, and one to serve with on all.

    Args:
        scores: After each member, `(k, N)`.
        errors: Whether the mean so far errs, `(k, N)`.
        folds: The images of each fold, as `split_folds` gives them.
        points: Percentage points, as in `cheapest_threshold`.
    """
    events = _list_events(scores, errors)
    of_images = np.empty(errors.shape[1])
    of_folds = []
    for fold in folds:
        fits = np.ones(errors.shape[1], dtype=np.bool_)
        fits[fold] = False
        threshold = _cheapest(events, errors, points, fits)
        of_images[fold] = threshold
        of_folds.append(threshold)
    return ThresholdChoice(_cheapest(events, errors, points), of_images, tuple(of_folds))


def split_folds(
    num_images: int, num_folds: int = NUM_FOLDS, seed: int = FOLD_SEED
) -> list[NDArray[np.intp]]:
    """Deal images out to folds at random: equal for equal arguments, of sizes that differ by 1.

    Images that are fewer than the folds are a fold each.

    >>> sorted(len(fold) for fold in split_folds(7, 3))
    [2, 2, 3]
    """
    dealt = np.random.default_rng(seed).permutation(num_images)
    return [dealt[start::num_folds] for start in range(min(num_folds, num_images))]


def _list_events(scores: NDArray[np.float32], errors: NDArray[np.bool_]) -> _Events:
    at = np.maximum.accumulate(scores[:-1], axis=0).ravel()
    change = (errors[1:].astype(np.int64) - errors[:-1]).ravel()
    image = np.tile(np.arange(errors.shape[1]), len(errors) - 1)
    rising = np.argsort(at, kind="stable")
    return _Events(at[rising], image[rising], change[rising])


def _cheapest(
    events: _Events,
    errors: NDArray[np.bool_],
    points: float,
    fits: NDArray[np.bool_] | None = None,
) -> float:
    """Return the cheapest threshold on all images, or on those that a mask `(N,)` keeps."""
    at, changes = events.at, events.more_errors
    if fits is not None:
        kept = fits[events.image]
        at, changes, errors = at[kept], changes[kept], errors[:, fits]
    if not errors.shape[1]:  # a single image has no others to choose on
        return WHOLE_ENSEMBLE
    limit = errors[-1].sum() + points / 100.0 * errors.shape[1] + _ROUNDING
    first = errors[0].sum()
    # beyond the last of equal events, all of their images have gone on
    ends = np.flatnonzero(np.append(at[1:] != at[:-1], True)) if len(at) else np.empty(0, np.intp)
    counts = np.append(first, first + np.cumsum(changes)[ends])
    beyond = np.flatnonzero(counts > limit)
    if not len(beyond):
        return 0.0
    end = ends[beyond[-1]]  # not the last count, which is the whole ensemble's
    return WHOLE_ENSEMBLE if end + 1 == len(at) else _between(at[end], at[end + 1])


def _between(below: np.float32, above: np.float32) -> float:
    """Return a single-precision number above one number, and at most another: midway if it can be.

    >>> one = np.float32(1.0)
    >>> _between(np.float32(0.5), one), _between(np.nextafter(one, np.float32(0.0)), one)
    (0.75, 1.0)
    """
    midway = np.float32((np.float64(below) + np.float64(above)) / 2.0)
    return float(midway if midway > below else above)
