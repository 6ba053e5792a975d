"""Which runs compare by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.condition_group import (
    LATENCY_CONDITIONS,
    TIME_CONDITIONS,
    describe_condition,
    describe_differences,
    require_one_condition,
    split_conditions,
)
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.errors import RecordError
from tests.factories import make_record, of_timing_pass

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def test_runs_are_parted_by_what_changes_their_seconds() -> None:
    records = [
        *(make_record(seed=seed) for seed in range(3)),
        make_record(design_class="deq"),
        make_record(name="fast", environment={"execution": "fused"}),
        make_record(name="gpu", environment={"device": "cuda", "device_name": "Example GPU"}),
    ]

    first, *others = split_conditions(tabulate_runs(records))

    assert first.runs.height == 4
    assert first.compares
    assert first.label == (
        "cpu (Example CPU), sequential execution, precision float32, 1 thread, 2 concurrent runs"
    )
    assert [group.runs.height for group in others] == [1, 1]
    assert not any(group.compares for group in others)


def test_runs_that_asked_for_the_fastest_compare_with_each_other_alone() -> None:
    auto = {"execution_requested": "auto"}
    records = [
        make_record(name="a", environment={**auto, "execution": "sequential"}),
        make_record(name="b", design_class="deq", environment={**auto, "execution": "fused"}),
        make_record(name="c", design_class="deq", environment={"execution": "fused"}),
        make_record(
            name="d", seed=1, environment={"execution_requested": "fused", "execution": "fused"}
        ),
    ]

    groups = split_conditions(tabulate_runs(records))

    assert [sorted(group.runs["name"]) for group in groups] == [["a", "b"], ["c", "d"]]
    assert "each design with its fastest execution" in groups[0].label
    assert groups[0].runs.sort("name")["execution"].to_list() == ["sequential", "fused"]


def test_what_must_not_be_mixed_is_refused_with_the_odd_records_named() -> None:
    runs = tabulate_runs(
        [
            *(make_record(seed=seed) for seed in range(3)),
            make_record(name="odd", design_class="deq", environment={"device_name": "Other CPU"}),
        ]
    )

    with pytest.raises(
        RecordError,
        match=r"training seconds under different conditions .*: odd "
        r"\(device_name Other CPU instead of Example CPU\)",
    ):
        require_one_condition(runs, TIME_CONDITIONS, "training seconds")
    require_one_condition(runs.head(3), LATENCY_CONDITIONS, "latency")


def test_times_of_runs_with_other_evaluations_are_apart() -> None:
    records = [
        make_record(seed=0),
        make_record(design_class="deq", seed=0),
        make_record(seed=1, evaluate_every="2"),
    ]
    runs = tabulate_runs(records)

    every, fewer = split_conditions(runs)

    assert (every.runs.height, fewer.runs.height) == (2, 1)
    assert fewer.label.endswith(", 2 concurrent runs, evaluated every 2 epochs")
    with pytest.raises(RecordError, match="evaluate_every 2 instead of 1"):
        require_one_condition(runs, TIME_CONDITIONS, "training seconds")


def test_conditions_are_told_apart_by_what_differs() -> None:
    plain = make_record(seed=0)
    fused = make_record(seed=1, environment={"execution": "fused", "residence": "host"})

    def told(*records: Record) -> list[str]:
        return describe_differences(tabulate_runs(records).sort("seed").to_dicts())

    assert told(plain, make_record(seed=1)) == ["", ""]
    assert told(plain, of_timing_pass(make_record(seed=1))) == [
        "times of the runs themselves", "times of a timing pass",
    ]  # fmt: skip
    assert told(plain, fused) == [
        "sequential execution, images on the device", "fused execution, images on the host",
    ]  # fmt: skip
    (row,) = tabulate_runs([of_timing_pass(plain)]).to_dicts()
    assert describe_condition(row) == (
        "cpu (Example CPU), sequential execution, times of a timing pass, precision float32, "
        "1 thread, 2 concurrent runs"
    )
