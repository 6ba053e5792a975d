"""The advice, against brute force over the records, and in planted cases."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from scipy import stats

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import (
    MEASURED_RANGE_FACTOR,
    Advice,
    AdviceAnswer,
    advise,
)
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    list_candidates,
    most_used_device,
)
from ensemble_switchover.analysis.advice.wording import (
    LATENCY_EXECUTION,
    describe_advice,
    round_outward,
)
from tests.analysis.advice.advice_cases import IMPOSSIBLE, LIMITS, MEBIBYTE, noisy_study
from tests.factories import make_record, make_study

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.results.record import Record


def advise_from(records: Sequence[Record], **limits: Any) -> Advice:
    designs = collect_designs(records)
    return advise(list_candidates(designs, most_used_device(designs)), Limits(**limits))


def runs_of(records: Iterable[Record]) -> dict[tuple[int, int, int], list[Record]]:
    """Put the runs of one network and k together."""
    runs: dict[tuple[int, int, int], list[Record]] = {}
    for record in records:
        key = (record.design.k, record.design.depth, record.design.width)
        runs.setdefault(key, []).append(record)
    return runs


def seconds_after(record: Record, epoch: int) -> float:
    steady = statistics.median(e.train_seconds for e in record.epochs[1:])
    return steady + sum(e.train_seconds for e in record.epochs[1:epoch])


def search(records: Sequence[Record], limits: dict[str, Any]) -> dict[str, Any] | None:
    """Try every design, plainly; one run a seed, errors that are numbers, all times measured."""
    found = []
    for key, runs in runs_of(records).items():
        epoch = 0
        for last in range(1, 7):
            hours = statistics.fmean(seconds_after(run, last) for run in runs) / 3600
            if last <= limits.get("epochs", 99) and hours <= limits.get("hours", 99):
                epoch = last
        if epoch == 0:
            continue
        errors = {run.seed: run.epochs[epoch - 1].test_error for run in runs}
        mean = statistics.fmean(errors.values())
        latency = statistics.fmean(run.latencies[0].median_ms_per_image for run in runs)
        fastest = statistics.fmean(run.latencies[1].median_ms_per_image for run in runs)
        memory = max(e.peak_rss_bytes or 0 for run in runs for e in run.epochs)
        if (
            runs[0].design.parameters <= limits.get("parameters", 1e99)
            and memory <= limits.get("memory_bytes", 1e99)
            and latency <= limits.get("latency_ms", 1e99)
            and fastest <= limits.get("fastest_latency_ms", 1e99)
            and 100 - mean >= limits.get("accuracy_percent", 0)
        ):
            found.append((mean, key, epoch, errors))
    if not found:
        return None
    mean, key, epoch, best = min(found, key=lambda entry: entry[0])
    rivals = set()
    for _, other, _, errors in found:
        if other == key:
            continue
        pairs = [(errors[seed], best[seed]) for seed in errors]
        if (
            len(pairs) == 1
            or stats.ttest_rel(*zip(*pairs, strict=True)).confidence_interval(0.95).low <= 0
        ):
            rivals.add(other)
    return {
        "key": key,
        "epoch": epoch,
        "mean": mean,
        "errors": best,
        "rivals": rivals,
        "num_feasible": len(found),
    }


def key_of(reading: Any) -> tuple[int, int, int]:
    return (reading.design.k, reading.design.depth, reading.design.width)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: "+".join(limits) or "nothing")
def test_the_advice_is_that_of_trying_every_design(seed: int, limits: dict[str, Any]) -> None:
    records = noisy_study(seed)

    advice = advise_from(records, **limits)
    expected = search(records, limits)

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
    if len(expected["errors"]) > 1:
        values = list(expected["errors"].values())
        low, high = stats.t.interval(
            0.95, len(values) - 1, statistics.fmean(values), stats.sem(values)
        )
        assert advice.best.interval is not None
        assert (advice.best.interval.lower, advice.best.interval.upper) == pytest.approx(
            (low, high)
        )


def test_the_random_studies_have_every_kind_of_answer() -> None:
    answers = {
        advise_from(noisy_study(seed), **limits).answer for seed in range(8) for limits in LIMITS
    }

    assert answers >= {AdviceAnswer.DECIDED, AdviceAnswer.UNDECIDED}


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


def test_a_design_alone_stands_against_none() -> None:
    advice = advise_from([make_record()])

    sentences = describe_advice(advice)
    assert sentences[0].startswith("Build single")
    assert "Designs considered: 1 (1 run); within the limits: 1." in sentences[1]
    assert "One seed gives no interval." in sentences
    assert "No other design meets the limits, so there is no comparison." in sentences


def test_inference_times_of_other_batch_sizes_are_told() -> None:
    alike = [make_record(width=width, latencies={128: 0.2}) for width in (8, 12)]
    other = make_record(width=16, latencies={1: 3.0})

    of_one = f"Inference times are for batch size 128, {LATENCY_EXECUTION}."
    assert of_one in describe_advice(advise_from(alike))
    mixed = advise_from([*alike, other])
    assert mixed.latency_batch_sizes == (1, 128)
    of_two = (
        "Inference times are for different batch sizes (1, 128) and cannot be compared; they were "
        f"measured {LATENCY_EXECUTION}."
    )
    assert of_two in describe_advice(mixed)


def test_a_record_that_took_over_anothers_training_is_no_run_more() -> None:
    trained = [make_record(design_class="deq", width=15, seed=seed) for seed in (0, 1)]
    shared = [
        replace(make_record(design_class="deq", width=16, seed=r.seed), shared_from=r.name)
        for r in trained
    ]

    (both,) = collect_designs([*trained, *shared])
    (alone,) = collect_designs(shared)

    assert (both.num_runs, alone.num_runs) == (2, 2)


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
    assert [rival.interval for rival in advice.rivals] == [None, None]


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
    assert "The class is decided: all are deq with 4 members." in describe_advice(advice)[0]


def test_one_seed_decides_nothing() -> None:
    records = [make_record(width=8, test_errors=[60.0]), make_record(width=16, test_errors=[5.0])]

    advice = advise_from(records)

    assert advice.answer is AdviceAnswer.UNDECIDED
    assert advice.best is not None
    assert advice.best.interval is None
    assert "One seed gives no interval, so nothing can be decided." in describe_advice(advice)


def test_nothing_is_extrapolated() -> None:
    records = make_study(lambda *place: 10.0 + place[3], num_epochs=4)
    largest = max(record.budget.parameters for record in records)

    within = advise_from(
        records,
        parameters=int(MEASURED_RANGE_FACTOR * largest),
        epochs=int(MEASURED_RANGE_FACTOR * 4),
    )
    beyond = advise_from(records, parameters=int(MEASURED_RANGE_FACTOR * largest) + 1)
    longer = advise_from(records, epochs=6)

    assert within.answer is AdviceAnswer.UNDECIDED
    assert beyond.answer is longer.answer is AdviceAnswer.OUTSIDE
    assert beyond.best is longer.best is None
    (sentence,) = describe_advice(longer)
    assert sentence == (
        "Outside what was measured: 6 epochs requested, at most 4 epochs measured. "
        "Nothing is extrapolated."
    )


@pytest.mark.parametrize("name", ["latency_ms", "fastest_latency_ms", "memory_bytes"])
def test_what_was_not_measured_gets_no_advice(name: str) -> None:
    records = [make_record(seed=s, latencies={}, peak_rss_bytes=None) for s in (0, 1)]

    advice = advise_from(records, **{name: 10**9})

    assert advice.answer is AdviceAnswer.OUTSIDE
    assert [(entry.limit, entry.measured) for entry in advice.outside] == [(name, None)]


def test_a_seed_without_a_finite_error_is_no_sample() -> None:
    records = [
        make_record(seed=seed, test_errors=[20.0, error])
        for seed, error in enumerate((10.0, 12.0, float("nan")))
    ]

    advice = advise_from(records)

    assert advice.best is not None
    assert (advice.best.error, advice.best.num_seeds) == (11.0, 2)
    nothing = advise_from([make_record(test_errors=[float("nan")])])
    assert nothing.answer is AdviceAnswer.OUTSIDE
    assert "no run has a finite error" in describe_advice(nothing)[0]


def test_the_same_networks_of_two_budgets_are_one_design() -> None:
    records = [
        make_record(design_class="deq", width=width, seed=seed, test_errors=[20.0, 5.0 + seed])
        for width in (15, 16)
        for seed in (0, 1)
    ]
    assert len({record.design.width for record in records}) == 1

    advice = advise_from(records)

    assert advice.answer is AdviceAnswer.DECIDED
    assert advice.best is not None
    assert advice.best.design.num_runs == 4
    assert advice.best.num_seeds == 2
    assert advice.best.design.budget_parameters == min(r.budget.parameters for r in records)


def test_times_of_other_devices_do_not_count() -> None:
    fast = {"device_name": "Fast"}
    records = [
        make_record(seed=s, epoch_seconds=[9.0] * 3, width=w) for s in (0, 1) for w in (8, 12)
    ]
    records += [make_record(seed=0, epoch_seconds=[1.0] * 3, environment=fast, width=8)]
    designs = collect_designs(records)

    there = advise(list_candidates(designs, "Fast"), Limits(hours=10.0 / 3600))
    here = advise(list_candidates(designs, "Example CPU"), Limits(hours=10.0 / 3600))
    free = advise(list_candidates(designs, "Fast"), Limits())

    assert there.best is not None
    assert (there.best.design.budget_parameters, there.best.epoch, there.num_feasible) == (
        min(r.budget.parameters for r in records), 3, 1,
    )  # fmt: skip
    assert there.best.seconds == 3.0
    assert here.best is not None
    assert (here.best.epoch, here.num_feasible) == (1, 2)
    assert free.num_feasible == 2  # errors are the same everywhere


def test_a_design_is_run_in_the_way_that_fits() -> None:
    plans = {"sequential": (4.0, 300), "fused": (1.0, 900)}
    records = [
        make_record(
            design_class="deq",
            seed=seed,
            test_errors=[10.0 + seed],
            epoch_seconds=[seconds],
            environment={"execution": plan, "execution_asked": plan},
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


def test_an_empty_question_has_no_answer() -> None:
    with pytest.raises(ValueError, match="no candidates"):
        advise([], Limits())
