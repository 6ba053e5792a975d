"""Leaving the least confident images to somebody else: risk and coverage.

The images whose confidence reaches a threshold are answered: their share is the coverage, and the
share of errors among them the risk (Geifman & El-Yaniv, Selective Classification for Deep Neural
Networks, NeurIPS 2017). Images of equal confidence are answered together or not at all, so that no
order among them matters.

Dimensions: N images, g thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RISK_ROUNDING = 1e-12
"""By which a risk may be above the asked one: shares of images are rounded."""


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Risk and coverage at every threshold, the most confident images first."""

    coverage: NDArray[np.float64]
    """(g,) share of the images that are answered; rising to 1."""
    risk: NDArray[np.float64]
    """(g,) share of errors among them."""


def risk_coverage(scores: NDArray[np.floating], wrong: NDArray[np.bool_]) -> RiskCoverage:
    """Return risk and coverage at every threshold, one for each different score.

    Args:
        scores: (N,) confidences, or anything that rises with them, such as their logarithms.
        wrong: (N,) whether the answer is wrong.

    Raises:
        ValueError: if a score is not a number.
    """
    if np.isnan(scores).any():
        raise ValueError("scores: expected numbers, and nan came")
    order = np.argsort(-scores, kind="stable")
    is_last = np.append(np.diff(scores[order]) != 0, True)
    answered = np.arange(1, len(scores) + 1)[is_last]
    errors = np.cumsum(wrong[order])[is_last]
    return RiskCoverage(answered / len(scores), errors / answered)


def coverage_at_risk(curve: RiskCoverage, risk: float) -> float:
    """Return the largest share of the images that can be answered at a risk of at most `risk`.

    Args:
        curve: From `risk_coverage`.
        risk: Share of errors among the answered images, such as 0.05.

    Returns:
        Between 0, where no threshold does, and 1.

    >>> curve = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([False, True, False, False]))
    >>> coverage_at_risk(curve, 0.25), coverage_at_risk(curve, 0.1)
    (1.0, 0.25)
    """
    fits = curve.risk <= risk + RISK_ROUNDING
    return float(curve.coverage[fits].max(initial=0.0))


def area_under_risk_coverage(curve: RiskCoverage) -> float:
    """Return AURC: the mean of the risk over thresholds, which are the images' own scores.

    Args:
        curve: From `risk_coverage`.

    Returns:
        Between 0 and 1: the lower, the better confidence tells errors (Geifman, Uziel & El-Yaniv,
        Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, ICLR 2019).
    """
    shares = np.diff(curve.coverage, prepend=0.0)
    return float((shares * curve.risk).sum())
