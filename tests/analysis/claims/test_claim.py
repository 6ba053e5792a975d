"""The answer to a statement of the paper."""

import pytest

from ensemble_switchover.analysis.claims.claim import (
    OF_EARLY_EXIT,
    Claim,
    ClaimAnswer,
    Statement,
    claim_ratio,
    count_answers,
    judge,
    not_asked,
)

STATEMENT = Statement("text", "Figure 1", "all")


@pytest.mark.parametrize(
    ("lower", "upper", "answer"),
    [
        (0.9, 1.1, ClaimAnswer.HOLDS),
        (1.3, 1.4, ClaimAnswer.DOES_NOT_HOLD),
        (0.1, 0.7, ClaimAnswer.DOES_NOT_HOLD),
        (1.2, 1.3, ClaimAnswer.OPEN),
    ],
)
def test_the_whole_interval_decides(lower, upper, answer):
    assert judge(lower, upper, 0.8, 1.25) is answer


def test_without_a_measurement_nothing_is_asked():
    claim = claim_ratio(STATEMENT, None, (0.8, 1.25), "here")
    assert claim.answer is ClaimAnswer.NOT_ASKED
    assert not claim.is_asked
    assert "no budget and seed" in claim.reason
    assert "same budgets and seeds" in claim.runs_needed


@pytest.mark.parametrize(
    ("numbers", "counted"),
    [
        ((24, 19, 49, 58), "Of 92 checks * speak of, 24 hold, 19 do not, and 49 are open; 58 are"),
        ((1, 1, 1, 1), "Of 3 checks * speak of, 1 holds, 1 does not, and 1 is open; 1 is"),
        ((0, 0, 0, 6), "Of 0 checks * speak of, 0 hold, 0 do not, and 0 are open; 6 are"),
    ],
)
def test_what_is_not_asked_is_counted_apart(numbers, counted):
    claims = [
        Claim(*STATEMENT, "1.0", answer, "why")
        for answer, number in zip(ClaimAnswer, numbers, strict=True)
        for _ in range(number)
    ]

    between = "of the paper's statements that these records can"
    assert count_answers(claims) == f"{counted.replace('*', between)} not asked."
    asked = [claim for claim in claims if claim.is_asked]
    assert "not asked" not in count_answers(asked)
    assert count_answers(asked).partition(";")[0].rstrip(".") in count_answers(claims)


def test_statements_on_early_exit_are_not_counted_among_those_of_the_paper():
    ours = STATEMENT._replace(source=f"section 5; {OF_EARLY_EXIT}")
    claims = [
        Claim(*STATEMENT, "1.0", ClaimAnswer.OPEN, "why"),
        *[Claim(*ours, "0.5", ClaimAnswer.HOLDS, "why")] * 2,
    ]
    assert [claim.is_of_paper for claim in claims] == [True, False, False]
    paper, early_exit = count_answers(claims).split(". ")
    assert paper.startswith("Of 1 check of the paper's statements that these records can")
    assert paper.endswith("0 hold, 0 do not, and 1 is open")
    assert early_exit.startswith("Of 2 checks of our statements on early exit that these records")
    assert early_exit.endswith("2 hold, 0 do not, and 0 are open.")
    unasked = not_asked(ours, "no predictions", "record.predictions=final")
    assert count_answers([unasked] * 2).endswith(
        ". Of our statements on early exit 2 are not asked."
    )
