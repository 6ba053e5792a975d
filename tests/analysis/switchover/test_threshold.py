"""The switchover where it was planted, and where it must not be found."""

from __future__ import annotations

import random

import numpy as np
import pytest

from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.threshold import (
    ThresholdOutcome,
    find_boundary,
    find_threshold,
)
from ensemble_switchover.analysis.switchover.wording import describe_outcome, describe_threshold
from tests.analysis.switchover.planted_thresholds import PARAMETERS, E, H, U, deq_threshold
from tests.factories import WIDTHS, make_record, make_study, planted_error, with_parameters


def test_the_planted_switchover_is_found() -> None:
    threshold = deq_threshold(planted_error)

    assert threshold.outcome is ThresholdOutcome.FOUND
    assert threshold.budgets == PARAMETERS
    assert threshold.boundary_epochs == (None, None, 4, 3, 2)
    assert threshold.budget == 206_734
    assert threshold.epoch == 4
    assert threshold.seed_counts == (3, 3)
    assert describe_threshold(threshold, "test error") == (
        "deq (depth-equivalent ensembles, k=4): the switchover lies at 206,734 parameters "
        "from epoch 4 of 6 on "
        "(90 % Welch interval over 3 seeds, 5 budgets from 92,322 to 366,650 parameters)."
    )
    assert describe_outcome(threshold) == "deq switches over at 206,734 parameters"


def test_an_early_lead_that_is_lost_is_no_switchover() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        lead = epoch <= 3 or column == 4
        return 20.0 + 0.1 * seed + ((-3.0 if lead else 3.0) - 0.01 * seed) * (name == "deq")

    threshold = deq_threshold(error)

    assert [column[0].verdict for column in threshold.cells] == [E] * 5
    assert threshold.boundary_epochs == (None, None, None, None, 1)
    assert threshold.budget == PARAMETERS[4]


def test_one_lost_budget_moves_the_switchover_beyond_it() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        return 20.0 + 0.1 * seed + ((3.0 if column == 2 else -3.0) - 0.01 * seed) * (name == "deq")

    threshold = deq_threshold(error)

    assert threshold.boundary_epochs == (None, None, None, 1, 1)


def test_one_undecided_epoch_moves_the_boundary_of_every_smaller_budget() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        tie = column == 3 and epoch == 4
        return (
            20.0 + 0.1 * seed + ((0.0 if tie else -3.0) - 0.01 * seed * (not tie)) * (name == "deq")
        )

    threshold = deq_threshold(error)

    assert threshold.boundary_epochs == (5, 5, 5, 5, 1)
    assert threshold.epoch == 5
    assert "at or below 92,322 parameters from epoch 5 of 6" in describe_threshold(
        threshold, "test error"
    )


def test_a_hole_beyond_keeps_smaller_budgets_from_being_beyond() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        return 20.0 + 0.1 * seed - (3.0 + 0.01 * seed) * (name == "deq")

    threshold = deq_threshold(error, holes=[("deq", 3)])

    assert threshold.cells[3][0].verdict is H
    assert threshold.boundary_epochs == (None, None, None, None, 1)
    assert "5 budgets from 92,322 to 366,650 parameters, 1 of them without a deq pair" in (
        describe_threshold(threshold, "test error")
    )


def test_a_budget_without_a_single_network_is_a_hole() -> None:
    threshold = deq_threshold(planted_error, holes=[("single", 4)])

    assert {cell.verdict for cell in threshold.cells[4]} == {H}
    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    assert "there is no pair to compare at the largest budget" in describe_threshold(
        threshold, "test error"
    )


def test_every_seed_of_either_design_counts() -> None:
    records = [
        *(make_record(seed=seed, test_errors=[20.0 + seed]) for seed in (0, 1, 2, 7)),
        *(
            make_record(design_class="deq", seed=seed, test_errors=[10.0 + 1.1 * seed])
            for seed in (1, 2, 3)
        ),
    ]
    grid = build_error_grid(records)
    cell = find_threshold(grid, "deq").last_cell
    paired = find_threshold(grid, "deq", DecisionRule("paired_t")).last_cell

    assert (cell.num_single_seeds, cell.num_ensemble_seeds) == (4, 3)
    assert cell.mean_difference == pytest.approx(12.2 - 22.5)
    assert (paired.num_single_seeds, paired.num_ensemble_seeds) == (2, 2)
    assert paired.mean_difference == pytest.approx(-9.85)
    assert "3 to 4 seeds, 1 budget of 206,734 parameters" in describe_threshold(
        find_threshold(grid, "deq"), "test error"
    )


def test_no_shared_seed_is_undecided_where_seeds_are_paired() -> None:
    records = [make_record(seed=0), make_record(design_class="deq", seed=1)]
    threshold = find_threshold(build_error_grid(records), "deq", DecisionRule("paired_t"))

    assert threshold.last_cell.verdict is U
    assert "share no seed" in describe_threshold(threshold, "test error")


def test_budgets_of_equal_parameters_bound_each_other() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        wins = column != 1
        return 20.0 + 0.1 * seed + ((-3.0 if wins else 3.0) - 0.01 * seed) * (name == "deq")

    records = make_study(error, widths=WIDTHS[:3])
    tied = [with_parameters(r, 143_840) if r.budget.width in WIDTHS[:2] else r for r in records]
    threshold = find_threshold(build_error_grid(tied), "deq")

    assert threshold.budgets == (143_840, 143_840, 206_734)
    assert threshold.boundary_epochs == (None, None, 1)


def test_boundary_is_the_brute_force_one() -> None:
    generator = random.Random(11)
    for _ in range(300):
        num_columns, num_rows = generator.randint(1, 5), generator.randint(1, 5)
        budgets = sorted(generator.choices(range(4), k=num_columns))
        verdicts = [generator.choices([E, U], [5, 1], k=num_rows) for _ in range(num_columns)]
        beyond = [
            [
                all(
                    verdicts[c][r] is E
                    for c in range(num_columns)
                    for r in range(num_rows)
                    if budgets[c] >= budgets[column] and r >= row
                )
                for row in range(num_rows)
            ]
            for column in range(num_columns)
        ]
        expected = [cells.index(True) if any(cells) else None for cells in beyond]
        wins = np.array([[verdict is E for verdict in column] for column in verdicts])
        assert find_boundary(budgets, wins) == expected


def test_a_test_error_that_is_no_number_is_no_sample_and_is_named() -> None:
    nan = float("nan")
    records = [
        *(make_record(seed=seed, test_errors=[20.0, 20.0 + seed]) for seed in range(3)),
        *(
            make_record(
                design_class="deq",
                seed=s,
                test_errors=[nan, 10.0 + 1.1 * s if s else nan],
                name=f"d{s}",
            )
            for s in range(3)
        ),
    ]
    grid = build_error_grid(records)
    threshold = find_threshold(grid, "deq")

    assert grid.not_finite == ("d0", "d1", "d2")
    assert threshold.cells[0][0].verdict is H
    assert threshold.last_cell.num_ensemble_seeds == 2
    assert threshold.last_cell.mean_difference == pytest.approx(11.65 - 21.0)
