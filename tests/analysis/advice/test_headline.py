"""The answer of the advice in a sentence or a few."""

from __future__ import annotations

from ensemble_switchover.analysis.advice.headline import describe_limits_beyond, headline
from tests.analysis.advice.advice_cases import advise_from
from tests.factories import make_record


def test_no_more_designs_are_named_than_can_be_read() -> None:
    records = [
        make_record(width=width, seed=seed, test_errors=[10.0 + seed])
        for width in range(4, 13)
        for seed in range(3)
    ]

    answer = headline(advise_from(records))

    assert "of 9 designs that will do" in answer
    assert answer.count("width ") == 1 + 6
    assert "; 2 more. Which of them is best" in answer


def test_a_setting_is_named_again_only_where_it_is_another() -> None:
    records = [
        make_record(width=width, seed=seed, test_errors=errors)
        for width, errors in ((8, [20.0, 10.0]), (12, [20.0, 10.0]), (16, [10.0]))
        for seed in range(3)
    ]

    answer = headline(advise_from(records))

    assert answer.count("(resnet on digits (") == 2


def test_every_limit_beyond_is_named_in_the_first_sentence() -> None:
    records = [make_record(seed=seed, test_errors=[10.0 + seed], latencies={}) for seed in range(3)]

    advice = advise_from(records, parameters=10**7, epochs=9, latency_ms=1.0)

    assert describe_limits_beyond(advice) == (
        "; 10,000,000 parameters are allowed, but the most measured is 206,734 parameters"
        "; 9 epochs are allowed, but the most measured is 1 epoch; nothing is extrapolated"
        "; the limit on the inference time could not be checked, as it was not measured on this "
        "device"
    )
    assert describe_limits_beyond(advise_from(records)) == ""
