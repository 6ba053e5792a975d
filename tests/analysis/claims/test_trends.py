"""Statements on several comparisons."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.claims.trends import (
    check_fall_with_complexity,
    check_rise_with_k,
)
from ensemble_switchover.analysis.switchover_range import data_complexity
from tests.analysis.claims.planted import answer, find, find_one, from_column, make_records


@pytest.mark.parametrize(
    ("at_k2", "at_k4", "expected"),
    [(1, 2, "holds"), (2, 1, "does not hold"), (2, 2, "cannot be said")],
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


def test_one_k_says_nothing_of_others() -> None:
    (claim,) = check_rise_with_k([find_one(from_column(1), from_column(1))], "deq")

    assert answer(claim) == "cannot be said"
    assert claim.reason == "only one k is in these records"


@pytest.mark.parametrize(
    ("easy", "hard", "expected"),
    [(2, 1, "holds"), (1, 2, "does not hold"), (1, 1, "cannot be said")],
)
def test_fall_with_complexity(easy: int, hard: int, expected: str) -> None:
    hard_records = make_records(from_column(hard), from_column(9), dataset={"name": "hard"})
    for record in hard_records:
        for index, epoch in enumerate(record.epochs):
            object.__setattr__(epoch, "test_error", epoch.test_error + 30.0)
            assert record.epochs[index].test_error > 50.0
    records = [*make_records(from_column(easy), from_column(9)), *hard_records]
    (claim,) = check_fall_with_complexity(find(records), "deq")

    assert answer(claim) == expected
    assert claim.measured.startswith("resnet on hard (single network's error 57.0 %)")
    assert claim.scope == "resnet, k = 4"


def test_one_data_set_says_nothing_of_others() -> None:
    (claim,) = check_fall_with_complexity([find_one(from_column(1), from_column(1))], "weq")

    assert claim.reason == "only one data set is in these records"


def test_complexity_is_the_error_of_the_largest_single_network() -> None:
    finding = find_one(from_column(1), from_column(1), holes=[("single", 3)])

    assert data_complexity(finding) == pytest.approx(30.0 - 4 + 1)  # the mean of seeds 0 to 2
