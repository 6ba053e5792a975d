"""What a run logs for callbacks after an epoch, such as the error that early stopping watches.

Dimensions: m members, N test images.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from ensemble_switchover.measurement.classification import (
    error_percent,
    nll_nats,
    of_each_member,
    of_ensemble,
)
from ensemble_switchover.training.epoch_result import mean_loss

if TYPE_CHECKING:
    from torch import Tensor


def training_metrics(
    step_losses: Tensor, batch_size: int, num_images: int, learning_rate: float
) -> dict[str, float]:
    """Return the metrics of the training in an epoch.

    Args:
        step_losses: (m, steps) mean cross-entropy of every batch, in nats.
        batch_size: Images of a batch, from which `batch_sizes` follow.
        num_images: Images that a member is trained on.
        learning_rate: That of the last step.
    """
    loss = mean_loss(step_losses, batch_size, num_images)
    return {"train_loss": loss, "learning_rate": learning_rate}


def evaluation_metrics(probabilities: Tensor, labels: Tensor) -> dict[str, float]:
    """Return the metrics of an evaluation, as the record has them.

    Args:
        probabilities: (m, N, classes) of the members.
        labels: (N,) classes.
    """
    labels = labels.to(probabilities.device)
    return {
        "error": of_ensemble(error_percent)(probabilities, labels),
        "member_error": fmean(of_each_member(error_percent)(probabilities, labels)),
        "nll": of_ensemble(nll_nats)(probabilities, labels),
    }
