"""The sentences of the advice."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import (
    advise,
)
from ensemble_switchover.analysis.advice.wording import (
    describe_advice,
)
from tests.analysis.advice.advice_cases import (
    advise_from,
)
from tests.factories import make_record


def test_a_design_alone_stands_against_none() -> None:
    advice = advise_from([make_record()])

    sentences = describe_advice(advice)
    assert sentences[0].startswith("Build single")
    assert "Designs considered: 1 (1 run); within the limits: 1." in sentences[1]
    assert "One seed gives no interval." in sentences
    assert "No other design meets the limits, so there is no comparison." in sentences


def test_an_empty_question_has_no_answer() -> None:
    with pytest.raises(ValueError, match="no candidates"):
        advise([], Limits())
