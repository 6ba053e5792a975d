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
class Quality:
    """What class probabilities come to on N images."""

    test_error: float
    """Percent."""
    nll: float
    """Nats."""
    brier: float
    ece: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What k members and their mean do on N images."""

    ensemble: Quality
    members: list[Quality]
    disagreement: float | None
    error_correlation: float | None


def classify(member_probabilities: Tensor, labels: Tensor) -> Classification:
    """Evaluate the members' probabilities (k, N, classes) against labels (N,).

    The ensemble predicts the arg max of the mean of the members' probabilities.
    """
    predictions = member_probabilities.argmax(dim=-1)
    return Classification(
        ensemble=quality(ensemble_probabilities(member_probabilities), labels),
        members=[quality(probabilities, labels) for probabilities in member_probabilities],
        disagreement=disagreement(predictions),
        error_correlation=error_correlation(predictions != labels),
    )


def quality(probabilities: Tensor, labels: Tensor) -> Quality:
    """Evaluate class probabilities (N, classes) against labels (N,)."""
    num_classes = probabilities.shape[-1]
    one_hot = functional.one_hot(labels, num_classes)
    likelihood = probabilities.gather(1, labels[:, None])
    likelihood = likelihood.clamp_min(torch.finfo(probabilities.dtype).tiny)
    return Quality(
        test_error=100 * _share(probabilities.argmax(dim=-1) != labels),
        nll=-likelihood.log().mean().item(),
        brier=(probabilities - one_hot).square().sum(dim=-1).mean().item(),
        ece=multiclass_calibration_error(
            probabilities, labels, num_classes=num_classes, n_bins=CALIBRATION_BINS
        ).item(),
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


def error_correlation(errors: Tensor) -> float | None:
    """Mean over pairs of members of Pearson's correlation of their errors, 0 or 1 an image.

    A member that errs on no image, or on all, has no correlation; its pairs are left out.

    Args:
        errors: (k, N) true where the member is wrong.

    Returns:
        Between -1 and 1; None where there is no pair.
    """
    varied = errors.double().cpu()
    varied = varied[varied.std(dim=1, correction=0) > 0]
    if len(varied) < 2:
        return None
    correlations = torch.corrcoef(varied)
    above = torch.triu_indices(len(varied), len(varied), offset=1)
    return correlations[above[0], above[1]].mean().item()


def _share(true: Tensor) -> float:
    return int(true.sum()) / true.numel()
