"""The difference of two designs' mean errors with the sampling of the test images counted in.

Every run of both designs is measured on the same test images, so runs and images are crossed, and
the variance of the difference has three parts (two-way random effects; nothing is assumed of the
distribution of errors but that runs of a design, and images, are exchangeable):

- The runs': Welch's `s1^2 / n1 + s2^2 / n2`, over the mean errors of runs.
- The images': the variance over images of the difference of the two designs' mean errors, over N.
- Both hold what is of one run and one image alone (their interaction), which is subtracted once:
  the mean square of the residuals of each design's two-way layout, over `n N`.

Their sum `runs + images - interaction` is unbiased. It is the two-way clustered variance of a mean
(Cameron, Gelbach & Miller 2011, Robust inference with multiway clustering) in the balanced case,
with unbiased parts. A bootstrap that draws runs and images anew, separately, as its own variance
counts the interaction three times, and so is too large by twice that. It is right to leading order
(Owen 2007, The pigeonhole bootstrap); no bootstrap of such data is exact (McCullagh 2000,
Resampling and exchangeable arrays).

Dimensions: n runs of a design, N images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.analysis.statistics import ROUNDING, Interval, t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CrossedDifference:
    """First minus second design's mean error in percentage points, and what its error consists of.

    Standard errors are in percentage points.
    """

    mean: float
    runs_standard_error: float
    """Of the training randomness, given these images: that of Welch's interval."""
    images_standard_error: float
    """What the sampling of the images adds, in the mean over all possible runs; 0 where the
    estimate of its square is not above 0."""
    degrees_of_freedom: float
    """Of the whole variance, after Satterthwaite (1946)."""
    num_samples: int
    """Runs of the design that has fewer."""
    num_images: int

    @property
    def standard_error(self) -> float:
        """The standard error over runs and images; at least that of the runs."""
        return math.hypot(self.runs_standard_error, self.images_standard_error)

    def interval(self, confidence: float) -> Interval:
        """Return the t interval over runs and images.

        Raises:
            ValueError: if the confidence is not between 0 and 1.
        """
        half_width = t_quantile(self.degrees_of_freedom, confidence) * self.standard_error
        lower, upper = self.mean - half_width, self.mean + half_width
        return Interval(self.mean, lower, upper, confidence, self.num_samples)


def compare_crossed(
    first: NDArray[np.floating] | NDArray[np.bool_],
    second: NDArray[np.floating] | NDArray[np.bool_],
) -> CrossedDifference | None:
    """Compare the errors of two designs on the same images, image by image.

    Args:
        first: Whether each run errs on each image, 0 or 1, `(n1, N)`; a row may be a mean of runs.
        second: The same of the other design on the same images, `(n2, N)`.

    Returns:
        The difference; None with fewer than `MIN_SEEDS` runs of either or fewer than two images, or
        if the mean errors of neither vary over the runs.

    Raises:
        ValueError: if the two have different numbers of images.

    >>> ensemble = [[0, 0, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 1]]
    >>> single = [[1, 1, 0, 1, 0], [0, 1, 0, 1, 0], [1, 1, 0, 1, 0]]
    >>> found = compare_crossed(np.array(ensemble), np.array(single))
    >>> round(found.mean, 1), round(found.runs_standard_error, 1)
    (-26.7, 9.4)
    >>> round(found.standard_error, 1)
    24.5
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            f"errors of shapes {first.shape} and {second.shape}: expected (runs, images) of both, "
            "and the same images"
        )
    if min(len(first), len(second)) < MIN_SEEDS or first.shape[1] < 2:
        return None
    designs = [100.0 * np.asarray(errors, dtype=np.float64) for errors in (first, second)]
    runs = [float(errors.mean(axis=1).var(ddof=1)) / len(errors) for errors in designs]
    if sum(runs) <= ROUNDING**2:
        return None
    interactions = [_interaction(errors) for errors in designs]
    by_image = designs[0].mean(axis=0) - designs[1].mean(axis=0)
    images = float(by_image.var(ddof=1)) / len(by_image)
    added = max(0.0, images - sum(interactions))
    last_image = len(by_image) - 1
    parts = [(images, float(last_image))]
    for errors, of_runs, interaction in zip(designs, runs, interactions, strict=True):
        last_run = len(errors) - 1
        parts += [(of_runs, float(last_run)), (interaction, float(last_run * last_image))]
    return CrossedDifference(
        mean=float(by_image.mean()),
        runs_standard_error=math.sqrt(sum(runs)),
        images_standard_error=math.sqrt(added),
        degrees_of_freedom=(sum(runs) + added) ** 2 / sum(part**2 / df for part, df in parts),
        num_samples=min(len(first), len(second)),
        num_images=len(by_image),
    )


def _interaction(errors: NDArray[np.float64]) -> float:
    """Return what runs and images of a design do only together, in the variance of its mean error.

    It is the mean square of the residuals of the two-way layout, over its `n N` cells.
    """
    by_run, by_image = errors.mean(axis=1, keepdims=True), errors.mean(axis=0, keepdims=True)
    residuals = errors - by_run - by_image + errors.mean()
    degrees = (errors.shape[0] - 1) * (errors.shape[1] - 1)
    return float(np.square(residuals).sum() / (degrees * errors.size))
