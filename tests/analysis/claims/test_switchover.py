"""Statements on one comparison, each planted to hold, not to hold, and to stay open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ensemble_switchover.analysis.claims.switchover import (
    check_deq_before_weq,
    check_epochs,
    check_gain,
    check_threshold_budget,
)
from tests.analysis.claims.planted import (
    PARAMETERS,
    answer,
    find,
    find_one,
    from_column,
    make_records,
)
from tests.factories import make_study, with_parameters


@pytest.mark.parametrize(
    ("deq", "weq", "expected"),
    [(1, 3, "holds"), (3, 1, "does not hold"), (2, 2, "open"), (1, 9, "holds")],
)
def test_deq_before_weq(deq: int, weq: int, expected: str) -> None:
    claim = check_deq_before_weq(find_one(from_column(deq), from_column(weq)))

    assert answer(claim) == expected
    assert f"deq: {PARAMETERS[deq]:,} parameters" in claim.measured
    if weq == 9:
        assert "weq: above 281,004 parameters, the largest budget" in claim.measured


def test_deq_before_weq_needs_both_classes_and_more_than_one_seed() -> None:
    no_weq = find_one(from_column(1), from_column(1), holes=[("weq", i) for i in range(4)])
    one_seed = find_one(from_column(1), from_column(3), seeds=(0,))

    assert answer(check_deq_before_weq(no_weq)) == "not asked"
    assert check_deq_before_weq(no_weq).runs_needed == "design=weq"
    assert answer(check_deq_before_weq(one_seed)) == "open"
    assert "undecided from 92,322" in check_deq_before_weq(one_seed).measured


@pytest.mark.parametrize(
    ("lead", "noise", "expected"),
    [
        (2.0, 0.05, "holds"),
        (6.0, 0.05, "does not hold"),
        (1.05, 0.05, "open"),
        (2.0, 9.0, "open"),
    ],
)
def test_gain(lead: float, noise: float, expected: str) -> None:
    finding = find_one(from_column(2, lead), from_column(2), noise)
    claim = check_gain(finding, "deq")

    assert answer(claim) == expected
    if noise < 1:
        assert "3 seeds, 2 budgets" in claim.measured
    else:
        assert claim.reason == "no budget is beyond the threshold"


def test_gain_is_averaged_over_the_budgets_of_every_seed() -> None:
    claim = check_gain(find_one(from_column(1), from_column(1), noise=0.04), "deq")

    # At epoch 4 deq's noise is 0.04 * ((3 * seed + 3 + column) % 4) of columns 1 to 3.
    gains = [2 - 0.04 * sum((3 * s + 7 + c) % 4 for c in (1, 2, 3)) / 3 for s in range(3)]
    assert claim.measured.startswith(f"{sum(gains) / 3:.1f} points")


def test_a_gain_without_spread_has_its_mean_and_no_answer() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        swing = 0.5 if (column + seed) % 2 else -0.5  # of two budgets the mean is the same
        return 20.0 - epoch + (swing - 2.0) * (name == "deq" and column >= 2) + 5 * (name == "weq")

    (finding,) = find(make_study(error, widths=(8, 10, 12, 14), num_epochs=4, seeds=range(4)))
    claim = check_gain(finding, "deq")

    assert answer(claim) == "open"
    assert (claim.measured, claim.reason) == (
        "2.0 points (4 seeds, 2 budgets)",
        "the errors do not vary over the seeds",
    )


@pytest.mark.parametrize(
    ("parameters", "first", "expected"),
    [
        ((1.1e6, 1.2e6, 2e6, 3e6), 1, "holds"),
        ((0.8e6, 1.2e6, 2e6, 3e6), 1, "open"),  # between 0.8 and 1.2 million
        ((0.8e6, 1.2e6, 2e6, 3e6), 2, "open"),  # between 1.2 and 2 million
        ((0.8e6, 0.9e6, 2e6, 3e6), 1, "does not hold"),
        ((0.8e6, 1.6e6, 2e6, 3e6), 2, "does not hold"),
        ((0.8e6, 1.2e6, 2e6, 3e6), 9, "does not hold"),
        ((1.2e6, 1.4e6, 2e6, 3e6), 0, "open"),  # at or below the smallest budget
        ((0.2e6, 0.4e6, 0.6e6, 0.9e6), 9, "open"),  # above the largest
    ],
)
def test_place(parameters: tuple[float, ...], first: int, expected: str) -> None:
    sizes = dict(zip(PARAMETERS, map(int, parameters), strict=True))
    records = make_records(from_column(first), from_column(9))
    (finding,) = find([with_parameters(r, sizes[r.budget.parameters]) for r in records])

    assert answer(check_threshold_budget(finding, "deq")) == expected


def test_place_says_between_which_budgets_it_lies() -> None:
    claim = check_threshold_budget(find_one(from_column(1), from_column(9)), "deq")

    assert claim.measured == "above 92,322, at most 143,840 parameters"


def test_place_is_that_of_four_members() -> None:
    claim = check_threshold_budget(find_one(from_column(1), from_column(9), k=2), "deq")

    assert answer(claim) == "not asked"
    assert claim.reason == "the paper states it for k = 4"
    assert claim.runs_needed == "k=4"


def test_place_excepts_wide_resnets() -> None:
    (finding,) = find(
        [
            replace(record, design=replace(record.design, family="wide_resnet"))
            for record in make_records(from_column(1), from_column(1))
        ]
    )
    claim = check_threshold_budget(finding, "deq")

    assert answer(claim) == "not asked"
    assert "Wide ResNets" in claim.reason
    assert "arch=densenet" in claim.runs_needed


@pytest.mark.parametrize(
    ("first_epoch", "noise", "expected"),
    [(2, 0.05, "holds"), (4, 0.05, "does not hold"), (9, 0.05, "open")],
)
def test_epochs(first_epoch: int, noise: float, expected: str) -> None:
    def deq(column: int, epoch: int) -> float:
        return 2.0 if column >= 2 and epoch >= first_epoch else -2.0

    claim = check_epochs(find_one(deq, from_column(9), noise), "deq")

    assert answer(claim) == expected
    if first_epoch < 9:
        assert claim.measured == f"epoch {first_epoch} of 4 at 206,734 parameters"


def test_a_class_without_runs_is_not_asked() -> None:
    finding = find_one(from_column(1), from_column(1), holes=[("weq", i) for i in range(4)])

    for check in (check_gain, check_threshold_budget, check_epochs):
        assert answer(check(finding, "weq")) == "not asked"
