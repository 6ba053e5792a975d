"""Quality of class probabilities.

Dimensions: k members, N images.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import torch
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_calibration_error

from ensemble_switchover.networks.ensemble import ensemble_probabilities

if TYPE_CHECKING:
    from torch import Tensor

CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What k members and their mean do on N images."""

    test_error: float
    """Percent, of the ensemble."""
    member_test_errors: list[float]
    """Percent."""
    nll: float
    """Nats."""
    brier: float
    ece: float
    disagreement: float | None


def classify(member_probabilities: Tensor, labels: Tensor) -> Classification:
    """Evaluate the members' probabilities (k, N, classes) against labels (N,).

    The ensemble predicts the arg max of the mean of the members' probabilities.
    """
    ensemble = ensemble_probabilities(member_probabilities)
    predictions = member_probabilities.argmax(dim=-1)
    one_hot = functional.one_hot(labels, ensemble.shape[-1])
    likelihood = ensemble.gather(1, labels[:, None]).clamp_min(torch.finfo(ensemble.dtype).tiny)
    return Classification(
        test_error=100 * _share(ensemble.argmax(dim=-1) != labels),
        member_test_errors=[100 * _share(member != labels) for member in predictions],
        nll=-likelihood.log().mean().item(),
        brier=(ensemble - one_hot).square().sum(dim=-1).mean().item(),
        ece=multiclass_calibration_error(
            ensemble, labels, num_classes=ensemble.shape[-1], n_bins=CALIBRATION_BINS
        ).item(),
        disagreement=disagreement(predictions),
    )


def disagreement(predictions: Tensor) -> float | None:
    """Mean over pairs of members of the share of images that they classify differently.

    Args:
        predictions: (k, N) classes.

    Returns:
        Between 0 and 1; None for a single member.
    """
    pairs = list(combinations(predictions, 2))
    if not pairs:
        return None
    return sum(_share(first != second) for first, second in pairs) / len(pairs)


def _share(true: Tensor) -> float:
    return int(true.sum()) / true.numel()
