"""The statements of the paper, each checked against the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.claims.claim import Claim, ClaimAnswer, count_answers
from ensemble_switchover.analysis.claims.early_exit import (
    check_early_exit_operations,
    check_early_exit_time,
)
from ensemble_switchover.analysis.claims.resources import (
    check_epoch_time,
    check_inference_time,
    check_memory,
    check_time_to_accuracy,
)
from ensemble_switchover.analysis.claims.switchover import (
    check_deq_before_weq,
    check_epochs,
    check_gain,
    check_threshold_budget,
)
from ensemble_switchover.analysis.claims.trends import (
    check_fall_with_complexity,
    check_rise_with_k,
)
from ensemble_switchover.analysis.switchover.error_grid import ENSEMBLE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.finding import Finding

__all__ = ["Claim", "ClaimAnswer", "check_claims", "count_answers"]


def check_claims(findings: Sequence[Finding]) -> list[Claim]:
    """Check every statement of the paper, and of early exit, on every comparison with ensembles."""
    compared = [finding for finding in findings if finding.thresholds]
    claims = [check_deq_before_weq(finding) for finding in compared]
    for check in (check_gain, check_threshold_budget, check_epochs):
        claims += [check(finding, name) for finding in compared for name in ENSEMBLE_CLASSES]
    for trend in (check_rise_with_k, check_fall_with_complexity):
        claims += [claim for name in ENSEMBLE_CLASSES for claim in trend(compared, name)]
    for cost in (check_epoch_time, check_time_to_accuracy):
        claims += [cost(finding, name) for finding in compared for name in ENSEMBLE_CLASSES]
    claims += [check_inference_time(finding) for finding in compared]
    claims += [
        check_early_exit_operations(finding, name)
        for finding in compared
        for name in ENSEMBLE_CLASSES
    ]
    claims += [  # without cascades the statement on operations says what is missing
        check_early_exit_time(finding, name)
        for finding in compared
        for name in ENSEMBLE_CLASSES
        if not finding.cascades.table.is_empty()
    ]
    claims += [check_memory(finding, name) for finding in compared for name in ENSEMBLE_CLASSES]
    return claims
