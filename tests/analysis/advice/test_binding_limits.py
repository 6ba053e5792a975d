"""Which limits keep a better design out, against brute force and in planted cases."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ensemble_switchover.analysis.advice.rule import (
    AdviceAnswer,
)
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.analysis.advice.written_amounts import round_outward
from tests.analysis.advice.advice_cases import (
    IMPOSSIBLE,
    advise_from,
    noisy_study,
    search,
)
from tests.factories import make_record


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "limits",
    IMPOSSIBLE,
    ids=lambda limits: "+".join(limits),
)
def test_what_is_said_to_be_in_the_way_is(seed: int, limits: dict[str, Any]) -> None:
    records = noisy_study(seed)

    advice = advise_from(records, **limits)

    assert advice.answer is AdviceAnswer.INFEASIBLE
    assert search(records, limits) is None
    size = len(advice.bindings[0].limits)
    smaller = [names for n in range(size) for names in itertools.combinations(limits, n)]
    for names in smaller:  # without fewer of them, still nothing fits
        assert search(records, {n: v for n, v in limits.items() if n not in names}) is None
    expected = {
        names
        for names in itertools.combinations(limits, size)
        if search(records, {n: v for n, v in limits.items() if n not in names}) is not None
    }
    assert {frozenset(b.limits) for b in advice.bindings} == set(map(frozenset, expected))
    for binding in advice.bindings:
        needed = dict(zip(binding.limits, binding.needed, strict=True))
        loose = {name: round_outward(name, value) for name, value in needed.items()}
        assert search(records, {**limits, **loose}) is not None  # what is shown would do
        if size == 1:
            (name,), (value,) = binding.limits, binding.needed
            tighter = value * (1.001 if name == "accuracy_percent" else 0.999)
            assert search(records, {**limits, name: tighter}) is None  # and nothing less


def test_one_limit_in_the_way_is_named_with_what_would_do() -> None:
    records = [
        make_record(design_class=name, width=16, seed=seed, latencies={128: latency})
        for name, latency in (("single", 0.25), ("deq", 2.0))
        for seed in (0, 1)
    ]

    (sentence,) = describe_advice(advise_from(records, latency_ms=0.1, epochs=3))

    assert sentence.startswith(
        "None of the 2 measured designs meets the limits. Relaxing the limit on the inference time"
    )
    assert "from 0.1 ms to 0.25 ms would admit single, depth 26, width 16" in sentence


def test_limits_of_many_things_are_in_the_way() -> None:
    records = [make_record(seed=seed) for seed in (0, 1)]

    (sentence,) = describe_advice(advise_from(records, parameters=1))

    assert sentence.startswith(
        "The only measured design does not meet the limits. Relaxing the limit on the number of "
        "parameters from 1 parameter to 206,734 parameters would admit single"
    )


def test_limits_that_are_in_the_way_together_are_named_together() -> None:
    small = [make_record(width=8, seed=s, test_errors=[50.0, 30.0 + s]) for s in (0, 1)]
    large = [make_record(width=16, seed=s, test_errors=[40.0, 10.0 + s]) for s in (0, 1)]

    advice = advise_from([*small, *large], parameters=100_000, accuracy_percent=80)

    assert [binding.limits for binding in advice.bindings] == [
        ("parameters",),
        ("accuracy_percent",),
    ]
    both = advise_from([*small, *large], parameters=100, accuracy_percent=95, epochs=2)
    assert [binding.limits for binding in both.bindings] == [("parameters", "accuracy_percent")]
    sentence = describe_advice(both)[0]
    assert "Relaxing the limits on the number of parameters from 100 parameters to " in sentence
    assert " and the accuracy from 95.00 % to " in sentence


def test_what_would_do_in_place_of_several_limits_is_of_a_design_that_was_timed() -> None:
    untimed = [make_record(width=8, seed=s, latencies={}, test_errors=[5.0 + s]) for s in (0, 1)]
    timed = [make_record(width=16, seed=s, test_errors=[10.0 + s]) for s in (0, 1)]

    advice = advise_from([*untimed, *timed], latency_ms=0.01, fastest_latency_ms=0.01)

    assert advice.answer is AdviceAnswer.INFEASIBLE
    (binding,) = advice.bindings
    assert binding.limits == ("latency_ms", "fastest_latency_ms")
    assert binding.reading.design.width == 16
