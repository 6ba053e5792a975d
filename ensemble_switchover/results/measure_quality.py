"""The quality of a run's predictions, as its record has it.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ensemble_switchover.measurement.quality.class_errors import (
    class_error_percent,
    confusion_counts,
    mean_class_error_percent,
    most_confused,
)
from ensemble_switchover.measurement.quality.ensemble_answers import EnsembleAnswers
from ensemble_switchover.measurement.quality.member_votes import measure_votes
from ensemble_switchover.measurement.quality.selective import (
    area_under_risk_coverage,
    coverage_at_risk,
    risk_coverage,
)
from ensemble_switchover.measurement.quality.temperature import judge_calibrated
from ensemble_switchover.results.quality_record import QualityRecord

if TYPE_CHECKING:
    from typing import Any

    from ensemble_switchover.measurement.quality.member_votes import MemberVotes
    from ensemble_switchover.results.predictions import Predictions

MAX_CONFUSIONS = 1000
"""Pairs of classes in a record: all of up to 32 classes."""


def measure_quality(predictions: Predictions) -> QualityRecord:
    """Measure the quality of an ensemble's predictions.

    Args:
        predictions: Of its k members, on one image at least.
    """
    labels, members = predictions.labels, predictions.log_probabilities
    num_classes = members.shape[2]
    found = EnsembleAnswers.of(members)
    wrong = found.answers != labels
    confusion = confusion_counts(labels, found.answers, num_classes)
    curve = risk_coverage(found.log_confidences, wrong)
    calibrated = None if predictions.from_half else judge_calibrated(found, labels)
    votes = measure_votes(members.argmax(axis=2), labels, num_classes)
    errors = class_error_percent(confusion).tolist()
    num_confusions = int((confusion > 0).sum() - (confusion.diagonal() > 0).sum())
    return QualityRecord(
        num_images=len(labels),
        from_half=predictions.from_half,
        balanced_error_percent=mean_class_error_percent(confusion),
        class_error_percent=[None if math.isnan(error) else error for error in errors],
        class_images=confusion.sum(axis=1).tolist(),
        confusions=most_confused(confusion, MAX_CONFUSIONS),
        num_confusions=num_confusions,
        temperature=None if calibrated is None else calibrated.temperature,
        calibrated_nll_nats=None if calibrated is None else calibrated.nll_nats,
        calibrated_ece=None if calibrated is None else calibrated.ece,
        coverage_at_1_percent_risk=coverage_at_risk(curve, 0.01),
        coverage_at_2_percent_risk=coverage_at_risk(curve, 0.02),
        coverage_at_5_percent_risk=coverage_at_risk(curve, 0.05),
        aurc=area_under_risk_coverage(curve),
        **_of_votes(votes, 100.0 * float(wrong.mean())),
    )


def _of_votes(votes: MemberVotes | None, error_percent: float) -> dict[str, Any]:
    """Return what the members' answers tell of an ensemble of that error."""
    mean_error = 0.0 if votes is None else votes.mean_member_error_percent
    return {
        "vote_error_percent": None if votes is None else votes.vote_error_percent,
        "disagreement_error_ratio": (
            None if votes is None or not mean_error else 100.0 * votes.disagreement / mean_error
        ),
        "ensemble_improvement_rate": 1.0 - error_percent / mean_error if mean_error else None,
        "vote_improvement_lower": None if votes is None else votes.improvement_lower,
        "vote_improvement_upper": None if votes is None else votes.improvement_upper,
        "is_competent": None if votes is None else votes.is_competent,
    }
