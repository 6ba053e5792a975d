"""How much too high the calibration errors of older records may be.

Until confidences of exactly 1 were counted in the last bin, they had a bin of their own
(`EpochRecord.ece_bins`). With a the sum of confidence - right over the rest of the last bin and b
that over the images of confidence 1, `|a| + |b|` stood where `|a + b|` belongs: too much by
`2 min(|a|, |b|) / N` where their signs differ, and by nothing where they do not. b is the number of
wrong answers of a confidence of exactly 1, and error, NLL and Brier score bound it; a is below 0 by
right answers alone, of which each adds at most the width of the bin.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ensemble_switchover.measurement.quality.calibration import CALIBRATION_BINS

if TYPE_CHECKING:
    from ensemble_switchover.results.epoch_metrics import EpochRecord

NATS_OF_CERTAIN_ERROR = 13.0
"""At least, of an image whose wrong answer has a confidence of 1 in single precision: its label has
less than 2e-6, rounding of the mean over 30 members included."""
BRIER_OF_CERTAIN_ERROR = 1.99
"""At least, likewise."""
NATS_OF_ERROR, BRIER_OF_ERROR = math.log(2), 0.5
"""At least, of any wrong answer: its label has at most a half."""


def most_certain_errors(
    error_percent: float, nll_nats: float, brier: float, num_images: int
) -> int:
    """Return how many wrong answers may at most have had a confidence of exactly 1.

    >>> most_certain_errors(2.0, 0.08, 0.03, 1000), most_certain_errors(2.0, 0.02, 0.03, 1000)
    (5, 0)
    """
    wrong = round(error_percent * num_images / 100)
    by_nll = nll_nats * num_images - NATS_OF_ERROR * wrong
    by_brier = brier * num_images - BRIER_OF_ERROR * wrong
    bounds = (
        by_nll / (NATS_OF_CERTAIN_ERROR - NATS_OF_ERROR),
        by_brier / (BRIER_OF_CERTAIN_ERROR - BRIER_OF_ERROR),
    )
    finite = [math.floor(bound + 1e-6) for bound in bounds if math.isfinite(bound)]
    return max(0, min([wrong, *finite]))


def largest_ece_excess(epoch: EpochRecord, num_images: int) -> float:
    """Return by how much the ensemble's ECE after an epoch may be too high, at most.

    Args:
        epoch: Of a run; 0 where it was not evaluated, or its bins are closed.
        num_images: Images that it was evaluated on.
    """
    ece, error, nll, brier = epoch.ece, epoch.error_percent, epoch.nll_nats, epoch.brier
    if epoch.ece_bins != "apart" or ece is None or error is None or nll is None or brier is None:
        return 0.0
    if not math.isfinite(ece):
        return 0.0
    certain = most_certain_errors(error, nll, brier, num_images)
    share_right = 1 - error / 100
    return min(ece, 2 * certain / num_images, 2 * share_right / CALIBRATION_BINS)
