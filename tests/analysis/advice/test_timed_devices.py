"""Devices with times of both kinds count as two."""

from __future__ import annotations

import pytest

from ensemble_switchover.advise import choose_measured_device
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import advise
from ensemble_switchover.analysis.advice.timed_devices import (
    name_timed_devices,
    pair_timed_devices,
)
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    device_names,
    list_candidates,
    most_used_device,
)
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.errors import ConfigError
from tests.factories import make_record, of_timing_pass

RUNS = [make_record(width=8, seed=seed, epoch_seconds=[9.0] * 3) for seed in range(2)]
PASSES = [
    of_timing_pass(make_record(design_class=name, width=12, seed=seed), [2.0])
    for name in ("single", "deq")
    for seed in range(2)
]
OF_RUNS = "Example CPU, times of the runs themselves"
OF_PASSES = "Example CPU, times of a timing pass"


def test_a_device_is_named_with_the_kind_where_it_has_both() -> None:
    fast = make_record(environment={"device_name": "Fast"})

    assert name_timed_devices([*RUNS, fast]) == {
        ("Example CPU", "run"): "Example CPU",
        ("Fast", "run"): "Fast",
    }
    assert set(name_timed_devices(PASSES).values()) == {"Example CPU"}
    both = name_timed_devices([*RUNS, *PASSES, fast])
    assert set(both.values()) == {OF_RUNS, OF_PASSES, "Fast"}
    assert pair_timed_devices(both) == {OF_RUNS: OF_PASSES, OF_PASSES: OF_RUNS}
    assert pair_timed_devices(name_timed_devices(PASSES)) == {}


def test_limits_on_times_are_held_against_times_of_one_kind() -> None:
    designs = collect_designs([*RUNS, *PASSES])
    assert device_names(designs) == [OF_PASSES, OF_RUNS]
    assert most_used_device(designs) == OF_PASSES

    for device, number, others in ((OF_PASSES, 2, 1), (OF_RUNS, 1, 2)):
        for limits in (Limits(hours=1.0), Limits(latency_ms=5.0), Limits(memory_bytes=2**40)):
            advice = advise(list_candidates(designs, device), limits)
            assert (advice.num_feasible, advice.num_other_times) == (number, others)
    free = advise(list_candidates(designs, OF_RUNS), Limits())
    assert free.num_feasible == 3  # errors are the same, whatever the times are of
    told = describe_advice(advise(list_candidates(designs, OF_PASSES), Limits(hours=1.0)))
    assert (
        "1 design has times on this device that do not compare with the others' (of runs "
        "themselves, or of timing passes); it meets no limit on time or memory."
    ) in told
    infeasible = advise(list_candidates(designs, OF_RUNS), Limits(hours=1e-9))
    assert any(
        "2 designs have times on this device" in text for text in describe_advice(infeasible)
    )


def test_a_design_of_times_of_the_other_kind_is_told_so() -> None:
    designs = collect_designs([*RUNS, *PASSES])
    alone = [d for d in designs if d.budget_parameters == RUNS[0].budget.parameters]
    candidates = [c for c in list_candidates(designs, OF_PASSES) if c.design in alone]

    told = describe_advice(advise(candidates, Limits()))

    assert "Its times do not compare with those of the other designs." in told


def test_a_device_is_chosen_by_its_name_alone_too() -> None:
    designs = collect_designs([*RUNS, *PASSES])

    assert choose_measured_device(designs, None) == OF_PASSES
    assert choose_measured_device(designs, OF_RUNS) == OF_RUNS
    assert choose_measured_device(designs, "Example CPU") == OF_PASSES
    assert choose_measured_device(collect_designs(RUNS), "Example CPU") == "Example CPU"
    with pytest.raises(ConfigError, match="--device GPU: expected one of 'Example CPU, times"):
        choose_measured_device(designs, "GPU")
