"""The answer to a statement of the paper."""

import pytest

from ensemble_switchover.analysis.claims.claim import ClaimAnswer, Statement, claim_ratio, judge


@pytest.mark.parametrize(
    ("lower", "upper", "answer"),
    [
        (0.9, 1.1, ClaimAnswer.HOLDS),
        (1.3, 1.4, ClaimAnswer.DOES_NOT_HOLD),
        (0.1, 0.7, ClaimAnswer.DOES_NOT_HOLD),
        (1.2, 1.3, ClaimAnswer.CANNOT_BE_SAID),
    ],
)
def test_the_whole_interval_decides(lower, upper, answer):
    assert judge(lower, upper, 0.8, 1.25) is answer


def test_without_a_measurement_nothing_can_be_said():
    claim = claim_ratio(Statement("text", "Figure 1", "all"), None, (0.8, 1.25), "here")
    assert claim.answer is ClaimAnswer.CANNOT_BE_SAID
    assert "no budget and seed" in claim.reason
