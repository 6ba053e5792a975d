"""The designs that a study trained, and which of their runs count."""

from __future__ import annotations

from dataclasses import replace

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import (
    AdviceAnswer,
    advise,
)
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    list_candidates,
)
from ensemble_switchover.analysis.advice.wording import (
    LATENCY_EXECUTION,
    describe_advice,
)
from tests.analysis.advice.advice_cases import (
    advise_from,
)
from tests.factories import make_record


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


def test_a_design_has_the_epochs_after_which_all_its_runs_were_evaluated() -> None:
    shared = {"test_errors": [20.0, 12.0, 9.0, 8.0], "epoch_seconds": [9.0, 2.0, 3.0, 4.0]}
    records = [
        make_record(seed=0, **shared),  # type: ignore[arg-type]
        make_record(seed=1, evaluate_every="2", **shared),  # type: ignore[arg-type]
    ]

    (design,) = collect_designs(records)

    assert design.epochs == (2, 4)
    assert design.errors == {0: (12.0, 8.0), 1: (12.0, 8.0)}
    costs = [candidate.cost for candidate in list_candidates([design], "Example CPU")]
    assert [cost.seconds for cost in costs if cost] == [(5.0, 12.0)] * 2  # of all epochs
