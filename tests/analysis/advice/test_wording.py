"""The sentences of the advice."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.advice.headline import headline
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import (
    advise,
)
from ensemble_switchover.analysis.advice.wording import (
    describe_advice,
)
from ensemble_switchover.analysis.decision_rule import DecisionRule
from tests.analysis.advice.advice_cases import (
    FALLEN,
    advise_from,
)
from tests.factories import make_record


def test_a_design_alone_stands_against_none() -> None:
    advice = advise_from([make_record()])

    sentences = describe_advice(advice)
    assert sentences[0].startswith("Build single")
    assert "Designs considered: 1 (1 run); within the limits: 1." in sentences[1]
    assert "No other design meets the limits, so there is no comparison." in sentences


def test_an_empty_question_has_no_answer() -> None:
    with pytest.raises(ValueError, match="no candidates"):
        advise([], Limits())


def test_collapsed_runs_are_named_and_counted_with_the_other_answer() -> None:
    records = [
        *(make_record(width=16, seed=s, test_errors=[e]) for s, e in enumerate(FALLEN)),
        *(make_record(width=8, seed=s, test_errors=[9.0 + 0.1 * s]) for s in range(5)),
    ]
    without = advise_from(records)
    kept = advise_from(records, DecisionRule(keep_collapsed=True))

    (name,) = (record.name for record in records if record.epochs[-1].error_percent == 60.0)
    sentences = describe_advice(without, kept)
    assert sentences[0].startswith("Build single, depth 26, width 16")
    assert f"1 run collapsed and is left out of errors: {name}." in sentences
    counted = "1 of 10 single networks collapsed (0.51 to 39 %; 90 % Clopper-Pearson interval)."
    assert counted in sentences
    assert f"With collapsed runs in: {headline(kept)}" in sentences
    assert headline(kept).startswith("Build single, depth 26, width 8")
    there = describe_advice(kept, without)
    assert f"1 run collapsed and is counted in every error: {name}." in there
    assert f"Without collapsed runs: {headline(without)}" in there


def test_an_answer_that_does_not_depend_on_collapsed_runs_says_so() -> None:
    records = [make_record(seed=s, test_errors=[e]) for s, e in enumerate(FALLEN)]
    kept = advise_from(records, DecisionRule(keep_collapsed=True))

    sentences = describe_advice(advise_from(records), kept)

    assert "With collapsed runs in, the answer is the same." in sentences


def test_an_answer_that_needs_no_screening_says_nothing_of_it() -> None:
    assert "collapsed" not in " ".join(describe_advice(advise_from([make_record()])))


def test_rivals_with_too_few_seeds_are_named() -> None:
    records = [
        *(make_record(width=8, seed=s, test_errors=[9.0 + 0.1 * s]) for s in range(2)),
        make_record(width=12, test_errors=[8.0]),
        *(make_record(width=16, seed=s, test_errors=[5.0 + 0.1 * s]) for s in range(5)),
    ]

    sentences = describe_advice(advise_from(records))

    one = "single, depth 26, width 12 (resnet on digits), 1 epoch, has 1 seed"
    two = "single, depth 26, width 8 (resnet on digits), 1 epoch, has 2 seeds"
    assert f"{one}; {two}; 3 are needed to decide." in sentences


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            DecisionRule(),
            "+3.90 percentage points, 90 % Welch interval +3.72 to +4.08 (3 against 5 seeds)",
        ),
        (
            DecisionRule("paired_t", 0.95),
            "+4.00 percentage points, no interval, since the errors do not vary over the seeds "
            "(3 paired seeds)",
        ),
        (
            DecisionRule("mann_whitney", 0.95),
            "+3.90 percentage points, 95 % Hodges-Lehmann interval ",
        ),
        (
            DecisionRule("mann_whitney", 0.99),
            "+3.90 percentage points, no interval, since the errors are equal or the seeds too few "
            "for this confidence (3 against 5 seeds)",
        ),
    ],
    ids=lambda given: given.label if isinstance(given, DecisionRule) else "",
)
def test_the_difference_is_told_with_its_interval(rule: DecisionRule, told: str) -> None:
    records = [
        *(make_record(width=8, seed=s, test_errors=[9.0 + 0.1 * s]) for s in range(3)),
        *(make_record(width=16, seed=s, test_errors=[5.0 + 0.1 * s]) for s in range(5)),
    ]

    (runner_up,) = (s for s in describe_advice(advise_from(records, rule)) if "Runner-up" in s)

    assert told in runner_up
