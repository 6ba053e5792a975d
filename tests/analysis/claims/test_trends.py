"""Statements on several comparisons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ensemble_switchover.analysis.claims.trends import (
    check_fall_with_complexity,
    check_rise_with_k,
)
from ensemble_switchover.analysis.switchover.across_comparisons import (
    switchovers_by_data,
    tabulate_switchovers,
)
from tests.analysis.claims.planted import answer, find, find_one, from_column, make_records


@pytest.mark.parametrize(
    ("at_k2", "at_k4", "expected"),
    [(1, 2, "holds"), (2, 1, "does not hold"), (2, 2, "open")],
)
def test_rise_with_k(at_k2: int, at_k4: int, expected: str) -> None:
    records = [
        *make_records(from_column(at_k2), from_column(9), k=2),
        *make_records(from_column(at_k4), from_column(9), k=4),
    ]
    (claim,) = check_rise_with_k(find(records), "deq")

    assert answer(claim) == expected
    assert claim.scope == "resnet on digits"
    assert claim.measured.startswith("k = 2: ")
    shared = " (not independent: the same single networks and seeds for every k)"
    assert claim.measured.endswith(shared)


def test_ensembles_of_seeds_of_their_own_share_the_single_networks_alone() -> None:
    records = [
        *make_records(from_column(1), from_column(9), k=2),
        *[
            replace(record, seed=record.seed + 10)
            for record in make_records(from_column(2), from_column(9), k=4)
            if record.design.design_class != "single"
        ],
    ]
    (claim,) = check_rise_with_k(find(records), "deq")

    assert answer(claim) == "holds"
    assert claim.measured.endswith(" (not independent: the same single networks for every k)")


def test_one_k_says_nothing_of_others() -> None:
    (claim,) = check_rise_with_k([find_one(from_column(1), from_column(1))], "deq")

    assert answer(claim) == "not asked"
    assert claim.reason == "only one k in these records has a pair to compare"
    assert "k=2,4,8" in claim.runs_needed


def test_a_class_that_was_not_run_has_no_k_at_all() -> None:
    records = [r for k in (2, 4) for r in make_records(from_column(1), from_column(1), k=k)]
    (claim,) = check_rise_with_k(
        find([r for r in records if r.design.design_class != "weq"]), "weq"
    )

    assert claim.reason == "no k in these records has a pair to compare"


def test_a_step_in_between_that_is_open_hides_no_fall() -> None:
    def wavering(column: int, epoch: int) -> float:
        return 0.0

    records = [
        *make_records(from_column(3), from_column(9), k=2),
        *make_records(wavering, from_column(9), noise=9.0, k=3),
        *make_records(from_column(1), from_column(9), k=4),
    ]
    (claim,) = check_rise_with_k(find(records), "deq")

    assert "k = 3: undecided from" in claim.measured
    assert answer(claim) == "does not hold"


@pytest.mark.parametrize(
    ("easy", "hard", "expected"),
    [(2, 1, "holds"), (1, 2, "does not hold"), (1, 1, "open")],
)
def test_fall_with_complexity(easy: int, hard: int, expected: str) -> None:
    hard_records = make_records(from_column(hard), from_column(9), dataset={"name": "hard"})
    for record in hard_records:
        for index, epoch in enumerate(record.epochs):
            object.__setattr__(epoch, "error_percent", epoch.error_percent + 30.0)
            assert record.epochs[index].error_percent > 50.0
    records = [*make_records(from_column(easy), from_column(9)), *hard_records]
    (claim,) = check_fall_with_complexity(find(records), "deq")

    assert answer(claim) == expected
    assert claim.measured.startswith("resnet on hard (single network's error 56.0 %)")
    assert claim.scope == "resnet, k = 4"


def test_one_data_set_says_nothing_of_others() -> None:
    (claim,) = check_fall_with_complexity([find_one(from_column(1), from_column(1))], "weq")

    assert answer(claim) == "not asked"
    assert claim.reason == "only one data set in these records has a pair to compare"
    assert claim.runs_needed == "another data set too, such as dataset=cifar10"


@pytest.mark.parametrize(
    "other",
    [
        {"environment": {"precision": "bf16"}, "dataset": {"name": "hard"}},
        {"family_options": {"shortcut": "projection"}, "dataset": {"name": "hard"}},
        {"dataset": {"validation_size": 60, "evaluated_on": "validation", "test_size": 0}},
        {"recipe": {"batch_size": 7}},
    ],
)
def test_what_differs_by_more_than_the_data_is_not_ordered(other: dict[str, Any]) -> None:
    easy = make_records(from_column(2), from_column(9))
    hard = make_records(from_column(1), from_column(9), **other)
    for record in hard:
        for epoch in record.epochs:
            object.__setattr__(epoch, "error_percent", epoch.error_percent + 30.0)
    findings = find([*easy, *hard])

    claims = check_fall_with_complexity(findings, "deq")

    assert {claim.reason for claim in claims} == {
        "only one data set in these records has a pair to compare"
    }
    assert switchovers_by_data(tabulate_switchovers(findings)) == []


def test_the_recipe_may_follow_the_data() -> None:
    easy = make_records(from_column(2), from_column(9))
    hard = make_records(
        from_column(1), from_column(9), dataset={"name": "hard"}, recipe={"batch_size": 7}
    )
    findings = find([*easy, *hard])

    (claim,) = check_fall_with_complexity(findings, "deq")
    (rows,) = switchovers_by_data(tabulate_switchovers(findings))

    assert claim.measured.count("single network's error") == 2
    assert set(rows["dataset"]) == {"digits", "hard"}
