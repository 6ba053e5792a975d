"""Expected calibration error, over bins of equal width and over bins of equal mass.

Dimensions: N images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CALIBRATION_BINS = 15


def expected_calibration_error(
    confidences: NDArray[np.floating], right: NDArray[np.bool_], num_bins: int = CALIBRATION_BINS
) -> float:
    """Return the mean over the images of the gap between confidence and accuracy in their bin.

    `sum over bins of |sum of (confidence - right)| / N`, with bins of equal width that are closed
    on the right: bin m of M has the confidences in `((m - 1) / M, m / M]`, so that a confidence of
    exactly 1 is in the last (Guo et al., On Calibration of Modern Neural Networks, ICML 2017,
    equation 3).

    Args:
        confidences: (N,) the largest probability of each image; at least one image.
        right: (N,) whether its class is the label.
        num_bins: Number of bins.

    Returns:
        Between 0 and 1; not a number where a confidence is none.

    >>> round(expected_calibration_error(np.array([0.95, 1.0]), np.array([True, False])), 3)
    0.475
    """
    values = confidences.astype(np.float64)
    inner_edges = np.arange(1, num_bins) / num_bins
    bins = np.searchsorted(inner_edges, values, side="left")
    gaps = np.bincount(bins, weights=values - right, minlength=num_bins)
    return float(np.abs(gaps).sum() / len(values))


def adaptive_calibration_error(
    confidences: NDArray[np.floating], right: NDArray[np.bool_], num_bins: int = CALIBRATION_BINS
) -> float:
    """Return the calibration error over bins that have equally many images each.

    Images are sorted by confidence and cut into bins whose sizes differ by one at most (Nguyen &
    O'Connor, Posterior calibration and exploratory analysis, EMNLP 2015; Nixon et al.,
    Measuring Calibration in Deep Learning, CVPR workshops 2019). Images of equal confidence count
    as right by their mean, so that their order does not matter where a bin ends among them.

    Args:
        confidences: (N,) the largest probability of each image; at least one image.
        right: (N,) whether its class is the label.
        num_bins: Number of bins; there are no more than images.

    Returns:
        Between 0 and 1; not a number where a confidence is none.

    >>> adaptive_calibration_error(np.array([0.5, 0.75]), np.array([False, True]), 2)
    0.375
    """
    values = confidences.astype(np.float64)
    if np.isnan(values).any():
        return float("nan")
    sorted_values, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    share_right = np.bincount(group, weights=right) / sizes
    gaps = np.repeat(sorted_values - share_right, sizes)
    bins = min(num_bins, len(gaps))
    starts = np.arange(bins) * len(gaps) // bins
    return float(np.abs(np.add.reduceat(gaps, starts)).sum() / len(gaps))
