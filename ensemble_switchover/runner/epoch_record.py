"""From what the members did in an epoch to its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.measurement.classification import classify
from ensemble_switchover.results.record import EpochRecord
from ensemble_switchover.training.epoch_result import mean_loss

if TYPE_CHECKING:
    from torch import Tensor

    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.training.epoch_result import EpochResult


def make_epoch_record(
    part: EpochResult, labels: Tensor, recipe: Recipe, num_train_images: int
) -> EpochRecord:
    """Make an epoch's row.

    Args:
        part: What all members did.
        labels: (N,) of the test images.
        recipe: What they were trained by.
        num_train_images: Of an epoch of a member.
    """
    result = classify(part.probabilities, labels.to(part.probabilities.device))
    ensemble = result.ensemble
    return EpochRecord(
        epoch=part.epoch,
        learning_rate=recipe.learning_rate_at(part.epoch - 1),
        train_loss=mean_loss(part.step_losses, recipe.batch_size, num_train_images),
        train_seconds=part.train_seconds,
        member_train_seconds=part.member_train_seconds,
        warm_up=part.warm_up,
        evaluation_seconds=part.evaluation_seconds,
        test_error=ensemble.test_error,
        member_test_errors=[member.test_error for member in result.members],
        nll=ensemble.nll,
        brier=ensemble.brier,
        ece=ensemble.ece,
        disagreement=result.disagreement,
        peak_device_bytes=part.peak.device_bytes,
        peak_reserved_bytes=part.peak.reserved_bytes,
        peak_rss_bytes=part.peak.rss_bytes,
        compile_seconds=part.compile_seconds,
        waiting_share=part.waiting_share,
        member_nlls=[member.nll for member in result.members],
        member_briers=[member.brier for member in result.members],
        member_eces=[member.ece for member in result.members],
        error_correlation=result.error_correlation,
        member_peak_device_bytes=part.member_peak_device_bytes,
    )
