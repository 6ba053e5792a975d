"""Quality of class probabilities.

The records name these functions as those that measure their figures, so that this file can be
imported without torch: the functions import it.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

from ensemble_switchover.measurement.quality import calibration, class_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Measure: TypeAlias = Callable[[Tensor, Tensor], float]


def of_ensemble(measure: Measure) -> Measure:
    """Make a measure of the members' probabilities (k, N, C), which judges their mean."""
    return lambda probabilities, labels: measure(probabilities.mean(dim=0), labels)


def of_each_member(measure: Measure) -> Callable[[Tensor, Tensor], list[float]]:
    """Make a measure of the members' probabilities (k, N, C), which judges each by itself."""
    return lambda probabilities, labels: [measure(member, labels) for member in probabilities]


def error_percent(probabilities: Tensor, labels: Tensor) -> float:
    """Return the percentage of images whose most probable class (N, C) is not their label (N,)."""
    return 100 * _share(probabilities.argmax(dim=-1) != labels)


def nll_nats(probabilities: Tensor, labels: Tensor) -> float:
    """Return the mean negative log-likelihood of labels (N,) under probabilities (N, C)."""
    import torch

    likelihood = probabilities.gather(1, labels[:, None])
    likelihood = likelihood.clamp_min(torch.finfo(probabilities.dtype).tiny)
    return -likelihood.log().mean().item()


def brier(probabilities: Tensor, labels: Tensor) -> float:
    """Return the mean squared distance of probabilities (N, C) to the one-hot labels (N,)."""
    from torch.nn.functional import one_hot

    distances = probabilities - one_hot(labels, probabilities.shape[-1])
    return distances.square().sum(dim=-1).mean().item()


def ece(probabilities: Tensor, labels: Tensor) -> float:
    """Return the expected calibration error of probabilities (N, C) for labels (N,)."""
    return calibration.expected_calibration_error(*_confidences(probabilities, labels))


def adaptive_ece(probabilities: Tensor, labels: Tensor) -> float:
    """Return the calibration error over bins of equally many images, of (N, C) for labels (N,)."""
    return calibration.adaptive_calibration_error(*_confidences(probabilities, labels))


def balanced_error_percent(probabilities: Tensor, labels: Tensor) -> float:
    """Return the mean over the classes of their errors in percent, of (N, C) for labels (N,)."""
    answers, num_classes = probabilities.argmax(dim=-1).cpu().numpy(), probabilities.shape[-1]
    confusion = class_errors.confusion_counts(labels.cpu().numpy(), answers, num_classes)
    return class_errors.mean_class_error_percent(confusion)


def disagreement(probabilities: Tensor, labels: Tensor) -> float | None:  # noqa: ARG001
    """Return the mean over pairs of members of the share of images they classify differently.

    Args:
        probabilities: (k, N, C).
        labels: (N,), which do not matter here.

    Returns:
        Between 0 and 1; None for a single member.
    """
    pairs = list(combinations(probabilities.argmax(dim=-1), 2))
    if not pairs:
        return None
    return sum(_share(first != second) for first, second in pairs) / len(pairs)


def error_correlation(probabilities: Tensor, labels: Tensor) -> float | None:
    """Return the mean over pairs of members of Pearson's correlation of their errors, 0 or 1.

    A member that errs on no image, or on all, has no correlation; its pairs are left out.

    Args:
        probabilities: (k, N, C).
        labels: (N,).

    Returns:
        Between -1 and 1; None where there is no pair.
    """
    import torch

    varied = (probabilities.argmax(dim=-1) != labels).double().cpu()
    varied = varied[varied.std(dim=1, correction=0) > 0]
    if len(varied) < 2:
        return None
    correlations = torch.corrcoef(varied)
    above = torch.triu_indices(len(varied), len(varied), offset=1)
    return correlations[above[0], above[1]].mean().item()


def _confidences(
    probabilities: Tensor, labels: Tensor
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return the largest probability of each image (N,), and whether its class is the label."""
    confidences, answers = probabilities.max(dim=-1)
    return confidences.cpu().numpy(), (answers == labels).cpu().numpy()


def _share(true: Tensor) -> float:
    return int(true.sum()) / true.numel()
