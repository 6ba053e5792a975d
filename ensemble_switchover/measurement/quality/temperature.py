"""Temperature scaling by cross-validation: NLL and ECE as they would be once calibrated.

An ensemble's probabilities p are raised to the power 1 / T and made to add up to 1 again: the
softmax of log p / T, with the T at which the NLL of other images is lowest. Models are only then
compared by what they know, and not by how confident they happen to be (Lobacheva et al., On Power
Laws in Deep Ensembles, NeurIPS 2020; Ashukha et al., Pitfalls of In-Domain Uncertainty
Estimation, ICLR 2020).

Dimensions: N images, C classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.measurement.quality.calibration import expected_calibration_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ensemble_switchover.measurement.quality.ensemble_answers import EnsembleAnswers

NUM_DIVISIONS = 5
"""Divisions into two halves (Lobacheva et al. 2020)."""
TEMPERATURE_BOUNDS = (0.01, 100.0)
"""Where all answers are right, the NLL falls down to the lowest."""
TEMPERATURE_TOLERANCE = 1e-3
"""Of the logarithm of the temperature: the NLL, which is flat there, is known to about 1e-6."""
ROWS_AT_ONCE = 1 << 20
"""Probabilities whose powers are computed at once."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """An ensemble whose temperature was chosen on other images than those it is judged on."""

    nll_nats: float
    """Mean negative log-likelihood, mean over the repeats."""
    ece: float
    """Expected calibration error of all images, mean over the repeats."""
    temperature: float
    """At which the NLL of all images is lowest."""


def judge_calibrated(
    found: EnsembleAnswers, labels: NDArray[np.integer], num_divisions: int = NUM_DIVISIONS
) -> Calibrated | None:
    """Judge an ensemble with temperatures that are cross-validated.

    The images are divided at random into two halves, each of which is judged with the temperature
    that is best for the other; that is repeated with other divisions.

    Args:
        found: The answers of the ensemble to N images.
        labels: (N,) classes.
        num_divisions: Number of divisions.

    Returns:
        None of a single image, or where an image's label has a probability of 0.
    """
    relative, num_images = found.relative, len(labels)
    of_labels = relative[np.arange(num_images), labels].astype(np.float64)
    if num_images < 2 or not np.isfinite(of_labels).all():
        return None
    right = found.answers == labels
    generator = np.random.default_rng(0)
    nlls, eces = [], []
    for _ in range(num_divisions):
        order = generator.permutation(num_images)
        halves = order[: num_images // 2], order[num_images // 2 :]
        log_sums, temperatures = np.empty(num_images), np.empty(num_images)
        for chosen_on, judged in (halves, halves[::-1]):
            best = fit_temperature(relative[chosen_on], of_labels[chosen_on])
            temperatures[judged] = best
            log_sums[judged] = _log_sums(relative[judged], best)
        nlls.append(float((log_sums - of_labels / temperatures).mean()))
        eces.append(expected_calibration_error(np.exp(-log_sums), right))
    return Calibrated(
        float(np.mean(nlls)), float(np.mean(eces)), fit_temperature(relative, of_labels)
    )


def fit_temperature(relative: NDArray[np.floating], of_labels: NDArray[np.floating]) -> float:
    """Return the temperature at which the NLL of images is lowest.

    The NLL is a convex function of 1 / T, so that it has one minimum.

    Args:
        relative: (N, C) logarithms of probabilities, the largest of each image 0.
        of_labels: (N,) those of the labels.

    >>> relative = np.log(np.array([[1.0, 0.25], [1.0, 0.25], [1.0, 0.25], [0.25, 1.0]]))
    >>> round(fit_temperature(relative, relative[:, 0]), 3)  # 3 of 4 right: 1 / 3 is best
    1.262
    """
    from scipy.optimize import minimize_scalar  # takes its time to import

    def nll(log_temperature: float) -> float:
        temperature = math.exp(log_temperature)
        return float((_log_sums(relative, temperature) - of_labels / temperature).mean())

    low, high = TEMPERATURE_BOUNDS
    bounds = (math.log(low), math.log(high))
    best = minimize_scalar(
        nll, bounds=bounds, method="bounded", options={"xatol": TEMPERATURE_TOLERANCE}
    )
    return math.exp(best.x)


def _log_sums(relative: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Return of each image (N,) the logarithm of the sum of its powers: of 1 / confidence."""
    num_images, num_classes = relative.shape
    sums = np.empty(num_images)
    step = max(1, ROWS_AT_ONCE // num_classes)
    for start in range(0, num_images, step):
        part = relative[start : start + step]
        powers = np.exp(part / part.dtype.type(temperature))
        sums[start : start + step] = powers.sum(axis=1, dtype=np.float64)
    logarithms: NDArray[np.float64] = np.log1p(sums - 1.0)
    return logarithms
