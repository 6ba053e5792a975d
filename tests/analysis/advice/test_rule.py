"""The advice, against brute force over the records, and in planted cases."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from scipy import stats
from scipy.special import expit, logit

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import (
    MEASURED_RANGE_FACTOR,
    AdviceAnswer,
    advise,
)
from ensemble_switchover.analysis.advice.trained_designs import collect_designs, list_candidates
from ensemble_switchover.analysis.advice.wording import (
    describe_advice,
)
from ensemble_switchover.analysis.advice.written_amounts import LIMIT_NAMES
from ensemble_switchover.analysis.collapse import find_collapsed
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, DecisionRule
from ensemble_switchover.analysis.error_interval import error_interval
from tests.analysis.advice.advice_cases import (
    FALLEN,
    LIMITS,
    MEBIBYTE,
    advise_from,
    noisy_study,
    search,
)
from tests.factories import make_record, make_study


def key_of(reading: Any) -> tuple[int, int, int]:
    return (reading.design.k, reading.design.depth, reading.design.width)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: "+".join(limits) or "nothing")
@pytest.mark.parametrize(
    "rule",
    [DEFAULT_RULE, DecisionRule("paired_t", 0.95), DecisionRule("mann_whitney", 0.9)],
    ids=lambda rule: rule.method,
)
def test_the_advice_is_that_of_trying_every_design(
    seed: int, limits: dict[str, Any], rule: DecisionRule
) -> None:
    records = noisy_study(seed)
    assert not find_collapsed(records)

    advice = advise_from(records, rule, **limits)
    expected = search(records, limits, rule)

    if expected is None:
        assert advice.answer is AdviceAnswer.INFEASIBLE
        assert advice.best is None
        return
    assert advice.best is not None
    assert key_of(advice.best) == expected["key"]
    assert advice.best.epoch == expected["epoch"]
    assert advice.best.error == pytest.approx(expected["mean"])
    assert {key_of(rival.reading) for rival in advice.rivals} == expected["rivals"]
    assert advice.num_feasible == expected["num_feasible"]
    assert (advice.answer is AdviceAnswer.DECIDED) == (not expected["rivals"])
    if len(expected["errors"]) > 2:
        values = list(expected["errors"].values())
        share = statistics.fmean(values) / 100
        bounds = stats.t.interval(
            rule.confidence,
            len(values) - 1,
            logit(share),
            stats.sem(values) / 100 / (share * (1 - share)),
        )
        interval = advice.best.interval(rule.confidence)
        assert interval is not None
        assert not interval.is_borrowed
        assert [interval.lower, interval.upper] == pytest.approx(100 * expit(bounds))


def test_the_random_studies_have_every_kind_of_answer() -> None:
    answers = {
        advise_from(noisy_study(seed), **limits).answer for seed in range(8) for limits in LIMITS
    }

    assert answers >= {AdviceAnswer.DECIDED, AdviceAnswer.UNDECIDED}


def test_of_equal_errors_the_smaller_design_is_best_and_the_answer_is_undecided() -> None:
    records = [
        make_record(width=width, seed=seed, test_errors=[20.0, 10.0 + seed])
        for width in (16, 8, 12)
        for seed in (0, 1, 2)
    ]

    advice = advise_from(records)

    assert advice.best is not None
    assert advice.best.design.width == 8
    assert advice.answer is AdviceAnswer.UNDECIDED
    assert [rival.reading.design.width for rival in advice.rivals] == [12, 16]
    assert [rival.difference for rival in advice.rivals] == [0.0, 0.0]
    for rival in advice.rivals:
        assert rival.interval is not None
        assert rival.interval.lower == pytest.approx(-rival.interval.upper)


def test_the_class_may_be_decided_where_the_size_is_not() -> None:
    errors = {
        ("deq", 16): (5.0, 5.2, 4.9),
        ("deq", 12): (5.1, 5.0, 5.1),
        ("single", 16): (9.0, 9.3, 9.1),
    }
    records = [
        make_record(design_class=name, width=width, seed=seed, test_errors=[30.0, error])
        for (name, width), values in errors.items()
        for seed, error in enumerate(values)
    ]

    advice = advise_from(records)

    assert advice.answer is AdviceAnswer.UNDECIDED
    assert advice.class_decided
    assert advice.short_list is not None
    sizes = [reading.design.parameters for reading in advice.short_list.readings]
    assert len(sizes) == 2
    assert sizes == sorted(sizes)  # their inference takes the same time
    assert describe_advice(advice)[0].endswith("The class is decided: all are deq with 4 members.")


def test_one_seed_decides_nothing() -> None:
    records = [make_record(width=8, test_errors=[60.0]), make_record(width=16, test_errors=[5.0])]

    advice = advise_from(records)

    assert advice.answer is AdviceAnswer.UNDECIDED
    assert advice.best is not None
    assert advice.best.interval(0.9) is None
    assert "The best design has 1 seed; 3 are needed to decide." in describe_advice(advice)


def test_seeds_need_not_be_shared() -> None:
    records = [
        *(make_record(width=8, seed=s, test_errors=[9.0 + 0.1 * s]) for s in range(3)),
        *(make_record(width=16, seed=s, test_errors=[5.0 + 0.1 * s]) for s in range(3, 8)),
    ]

    advice = advise_from(records)
    paired = advise_from(records, DecisionRule("paired_t"))

    assert advice.answer is AdviceAnswer.DECIDED
    assert advice.runner_up is not None
    assert (advice.runner_up.num_rival_seeds, advice.runner_up.num_best_seeds) == (3, 5)
    assert paired.answer is AdviceAnswer.UNDECIDED
    assert [rival.difference for rival in paired.rivals] == [None]


def test_two_seeds_decide_nothing() -> None:
    records = [
        *(make_record(width=8, seed=s, test_errors=[9.0 + 0.1 * s]) for s in range(2)),
        *(make_record(width=16, seed=s, test_errors=[5.0 + 0.1 * s]) for s in range(5)),
    ]

    advice = advise_from(records)

    assert advice.answer is AdviceAnswer.UNDECIDED
    assert [rival.interval for rival in advice.rivals] == [None]


def test_errors_are_those_of_the_runs_that_did_not_collapse() -> None:
    records = [
        *(make_record(width=16, seed=s, test_errors=[e]) for s, e in enumerate(FALLEN)),
        *(make_record(width=8, seed=s, test_errors=[9.0 + 0.1 * s]) for s in range(5)),
    ]

    advice = advise_from(records)
    kept = advise_from(records, DecisionRule(keep_collapsed=True))

    assert advice.answer is AdviceAnswer.DECIDED
    assert advice.best is not None
    assert (advice.best.design.width, advice.best.num_seeds) == (16, 4)
    assert advice.best.error == pytest.approx(5.0)
    assert advice.best.design.num_runs == 5
    assert kept.best is not None
    assert (kept.best.design.width, kept.answer) == (8, AdviceAnswer.UNDECIDED)
    for answer in (advice, kept):
        assert [record.seed for record in answer.collapsed] == [3]
        (counted,) = answer.collapse_counts
        assert (counted.num_collapsed, counted.num_screened) == (1, 10)


def test_what_collapsed_runs_cost_counts() -> None:
    records = [
        make_record(seed=s, test_errors=[20.0, e], epoch_seconds=[1.0, 1.0 + 4.0 * (e > 9.0)])
        for s, e in enumerate(FALLEN)
    ]

    advice = advise_from(records)

    assert advice.best is not None
    assert advice.best.num_seeds == 4
    assert advice.best.seconds == pytest.approx(2.0 * (4 * 1.0 + 5.0) / 5)


def test_the_interval_of_an_error_stays_within_what_errors_can_be() -> None:
    low = advise_from([make_record(seed=s, test_errors=[e]) for s, e in enumerate((0.1, 4.0, 0.2))])
    high = advise_from([make_record(seed=s, test_errors=[e]) for s, e in enumerate((99.0, 90, 99))])

    for advice in (low, high):
        assert advice.best is not None
        interval = advice.best.interval(0.9)
        assert interval is not None
        assert 0.0 < interval.lower < interval.mean < interval.upper < 100.0


def test_two_seeds_have_the_spread_of_the_budgets_beside_them() -> None:
    records = [
        make_record(design_class=name, width=width, seed=seed, test_errors=[e + step, e + 1 + step])
        for name, width, e, spread in (
            ("single", 8, 40.0, 1.0), ("single", 12, 30.0, 4.0), ("single", 16, 35.0, 2.0),
            ("single", 20, 50.0, 9.0), ("deq", 16, 50.0, 9.0),
        )
        for seed, step in enumerate((-spread, spread))
    ]  # fmt: skip

    advice = advise_from(records)

    assert advice.best is not None
    assert advice.best.design.width == 12
    beside = [[40.0, 42.0], [34.0, 38.0]]
    assert advice.best.interval(0.9) == error_interval([27.0, 35.0], 0.9, beside)
    told = describe_advice(advice)[2]
    assert told.startswith("Its mean test error is 31.00 % (90 % t interval ")
    assert told.endswith(
        "; 2 seeds of its own say too little of the spread, which is pooled with that of the "
        "budgets beside it)."
    )


def test_an_accuracy_is_not_confirmed_by_a_borrowed_spread() -> None:
    unconfirmed = "but the interval over the seeds does not confirm it."
    for seeds, confirmed in ((2, False), (3, True)):
        records = [
            make_record(width=width, seed=seed, test_errors=[10.0 + 0.1 * seed])
            for width in (8, 12)
            for seed in range(seeds)
        ]
        told = " ".join(describe_advice(advise_from(records, accuracy_percent=85.0)))
        assert (unconfirmed not in told) is confirmed


def test_limits_beyond_what_was_measured_get_the_best_measured_design_and_say_so() -> None:
    records = make_study(lambda *place: 10.0 + place[3], num_epochs=4)
    largest = max(record.budget.parameters for record in records)

    free = advise_from(records)
    within = advise_from(
        records,
        parameters=int(MEASURED_RANGE_FACTOR * largest),
        epochs=int(MEASURED_RANGE_FACTOR * 4),
    )
    beyond = advise_from(records, parameters=int(MEASURED_RANGE_FACTOR * largest) + 1)
    longer = advise_from(records, epochs=100)

    assert within.outside == ()
    assert "extrapolated" not in describe_advice(within)[0]
    assert free.best is not None
    for advice in (beyond, longer):
        assert advice.best is not None
        assert key_of(advice.best) == key_of(free.best)
        assert advice.answer is free.answer
    first_sentence = describe_advice(longer)[0].partition(". ")[0]
    assert first_sentence.startswith("Build ")
    assert first_sentence.endswith(
        "; 100 epochs are allowed, but the most measured is 4 epochs; nothing is extrapolated"
    )


@pytest.mark.parametrize("name", ["latency_ms", "fastest_latency_ms", "memory_bytes"])
def test_a_limit_on_what_was_not_measured_is_not_checked_and_the_others_are(name: str) -> None:
    records = [
        make_record(width=width, seed=s, latencies={}, peak_rss_bytes=None, test_errors=[e + s])
        for width, e in ((8, 20.0), (16, 5.0))
        for s in (0, 1, 2)
    ]

    advice = advise_from(records, **{name: 10**9}, parameters=100_000)
    infeasible = advise_from(records, **{name: 10**9}, parameters=1)

    assert [(entry.limit, entry.measured) for entry in advice.outside] == [(name, None)]
    assert advice.answer is AdviceAnswer.DECIDED
    assert advice.recommended is not None
    assert advice.recommended.design.width == 8
    told = f"the limit on the {LIMIT_NAMES[name]} could not be checked, as it was not measured on"
    assert told in describe_advice(advice)[0]
    assert infeasible.answer is AdviceAnswer.INFEASIBLE
    assert [binding.limits for binding in infeasible.bindings] == [("parameters",)]
    assert told in describe_advice(infeasible)[0]


def test_hours_are_not_checked_where_nothing_ran_on_the_device() -> None:
    designs = collect_designs([make_record(width=width) for width in (8, 16)])

    advice = advise(list_candidates(designs, "Another"), Limits(hours=1e-9))

    assert advice.best is not None
    assert "the limit on the training time could not be checked" in describe_advice(advice)[0]


def test_a_design_is_run_in_the_way_that_fits() -> None:
    plans = {"sequential": (4.0, 300), "fused": (1.0, 900)}
    records = [
        make_record(
            design_class="deq",
            seed=seed,
            test_errors=[10.0 + seed],
            epoch_seconds=[seconds],
            environment={"execution": plan, "execution_requested": plan},
            peak_rss_bytes=mebibytes * MEBIBYTE,
        )
        for plan, (seconds, mebibytes) in plans.items()
        for seed in (0, 1)
    ]

    quick = advise_from(records, hours=2.0 / 3600)
    small = advise_from(records, memory_bytes=500 * MEBIBYTE)
    neither = advise_from(records, hours=2.0 / 3600, memory_bytes=500 * MEBIBYTE)

    assert quick.best is not None
    assert quick.best.candidate.cost is not None
    assert "fused" in quick.best.candidate.cost.condition
    assert small.best is not None
    assert small.best.candidate.cost is not None
    assert "sequential" in small.best.candidate.cost.condition
    assert neither.answer is AdviceAnswer.INFEASIBLE
    assert {binding.limits for binding in neither.bindings} == {("hours",), ("memory_bytes",)}


def test_the_cheapest_that_will_do_are_named() -> None:
    records = [
        make_record(
            width=width, seed=seed, test_errors=[error + 0.1 * seed], epoch_seconds=[seconds]
        )
        for width, error, seconds in ((8, 9.0, 4.0), (12, 7.0, 3.0), (16, 5.0, 8.0))
        for seed in (0, 1, 2)
    ]

    advice = advise_from(records, accuracy_percent=92)

    assert advice.best is not None
    assert advice.best.design.width == 16
    cheapest = {name: reading.design.width for name, reading in advice.cheapest}
    assert cheapest["parameters"] == cheapest["hours"] == 12  # 8 does not reach the accuracy
