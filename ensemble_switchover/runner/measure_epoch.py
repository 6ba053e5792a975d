"""The record of an epoch, from what its members did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.results.epoch_metrics import MEASURES, EpochRecord, not_evaluated
from ensemble_switchover.training.epoch_result import mean_loss

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.measurement.own_metrics import OwnMetric
    from ensemble_switchover.training.epoch_result import EpochResult


def make_epoch_record(
    result: EpochResult,
    labels: Tensor,
    recipe: Recipe,
    num_train_images: int,
    *,
    own_metrics: Mapping[str, OwnMetric],
    together: bool = False,
) -> EpochRecord:
    """Make the record of an epoch.

    Args:
        result: What came of the epoch, of all members.
        labels: (N,) classes of the test images.
        recipe: The recipe of the training.
        num_train_images: Images that a member is trained on in an epoch.
        own_metrics: The user's own, by their names.
        together: Whether other seeds were trained in the same steps.
    """
    quality: dict[str, Any] = not_evaluated()
    own: dict[str, float | None] = {}
    probabilities = result.probabilities
    if probabilities is not None:
        labels = labels.to(probabilities.device)
        quality = {name: of(probabilities, labels) for name, of in MEASURES.items()}
        mean = probabilities.mean(dim=0)
        own = {name: of(mean, labels) for name, of in own_metrics.items()}
    return EpochRecord(
        epoch=result.epoch,
        learning_rate=result.learning_rate,
        train_loss_nats=mean_loss(result.step_losses, recipe.batch_size, num_train_images),
        training_seconds=result.training_seconds,
        member_training_seconds=result.member_training_seconds,
        warm_up=result.warm_up,
        evaluation_seconds=result.evaluation_seconds,
        peak_device_bytes=result.peak.device_bytes,
        peak_reserved_bytes=result.peak.reserved_bytes,
        peak_rss_bytes=result.peak.rss_bytes,
        compile_seconds=result.compile_seconds,
        waiting_share=result.waiting_share,
        ece_bins="closed",
        together=together,
        member_peak_device_bytes=result.member_peak_device_bytes,
        metrics=own,
        **quality,
    )
