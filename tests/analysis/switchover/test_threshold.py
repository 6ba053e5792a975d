"""The switchover where it was planted, and where it must not be found."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.range import range_switchover
from ensemble_switchover.analysis.switchover.threshold import (
    Threshold,
    ThresholdOutcome,
    find_boundary,
    find_threshold,
)
from ensemble_switchover.analysis.switchover.verdict import Verdict, judge_cell
from ensemble_switchover.analysis.switchover.wording import describe_outcome, describe_threshold
from tests.factories import WIDTHS, make_record, make_study, planted_error, with_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

PARAMETERS = (92_322, 143_840, 206_734, 281_004, 366_650)
E, S, U, H = Verdict.ENSEMBLE, Verdict.SINGLE, Verdict.UNDECIDED, Verdict.HOLE


def deq_threshold(error: Callable[[str, int, int, int], float], **overrides: object) -> Threshold:
    """Find the threshold of deq in a study with these test errors."""
    records = make_study(error, **overrides)  # type: ignore[arg-type]
    return find_threshold(build_error_grid(records), "deq")


def test_the_planted_switchover_is_found() -> None:
    threshold = deq_threshold(planted_error)

    assert threshold.outcome is ThresholdOutcome.FOUND
    assert threshold.budgets == PARAMETERS
    assert threshold.boundary_epochs == (None, None, 4, 3, 2)
    assert threshold.budget == 206_734
    assert threshold.epoch == 4
    assert threshold.pair_counts == (3, 3)
    assert describe_threshold(threshold, "test error") == (
        "deq (k=4): the switchover lies at 206,734 parameters from epoch 4 of 6 on "
        "(95 % t interval over 3 seeds, 5 budgets from 92,322 to 366,650 parameters)."
    )
    assert describe_outcome(threshold) == "deq switches over at 206,734 parameters"


def test_every_verdict_agrees_with_scipy() -> None:
    generator = random.Random(3)
    noise = {
        key: generator.gauss(0.0, 1.0)
        for key in itertools.product(("single", "deq", "weq"), range(5), range(1, 7), range(4))
    }
    records = make_study(
        lambda name, i, e, s: 20 + 0.8 * (name == "deq") * (i - 2) + noise[name, i, e, s],
        seeds=range(4),
    )
    grid = build_error_grid(records)
    threshold = find_threshold(grid, "deq")
    seen = set()
    for column, row in itertools.product(range(5), range(6)):
        test = stats.ttest_rel(
            list(grid.errors("deq", column, row).values()),
            list(grid.errors("single", column, row).values()),
        )
        interval = test.confidence_interval(0.95)
        expected = E if interval.high < 0 else S if interval.low > 0 else U
        assert threshold.cells[column][row].verdict is expected
        seen.add(expected)
    assert seen == {E, S, U}


def test_a_switchover_never_seen_is_not_within_the_grid() -> None:
    grid = build_error_grid(make_study(planted_error))
    threshold = find_threshold(grid, "weq")

    assert threshold.outcome is ThresholdOutcome.NOT_WITHIN
    assert threshold.budget is None
    assert threshold.epoch is None
    assert set(threshold.boundary_epochs) == {None}
    text = describe_threshold(threshold, "test error")
    assert text.startswith("weq (k=4): no switchover within the grid: at the largest budget after")
    assert "+4.1 percentage points, 95 % t interval +3.9 to +4.2 (3 seeds, 5 budgets" in text
    assert describe_outcome(threshold) == "weq does not switch over within the grid"


def test_one_seed_is_undecided_and_says_so() -> None:
    threshold = deq_threshold(planted_error, seeds=(0,))

    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    assert {cell.verdict for column in threshold.cells for cell in column} == {U}
    text = describe_threshold(threshold, "test error")
    assert "undecided, since one seed gives no interval" in text
    assert "percentage points (1 seed, 5 budgets" in text
    assert "95 %" not in text


def test_wide_noise_is_undecided_with_its_interval() -> None:
    threshold = deq_threshold(
        lambda name, i, e, s: 20.0 + (-1.0 + 2.0 * s if name == "deq" else 0.0), seeds=(0, 1)
    )

    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    text = describe_threshold(threshold, "test error")
    assert "minus the single network's is +0.0 percentage points, 95 % t interval -12.7 to" in text
    assert describe_outcome(threshold) == "deq is undecided"


def test_equal_errors_are_undecided() -> None:
    threshold = deq_threshold(lambda name, i, e, s: 20.0 + s)

    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    text = describe_threshold(threshold, "test error")
    assert "undecided, since equal differences of all seeds give no interval: at the" in text
    assert "its test error minus the single network's is +0.0 percentage points (3 seeds" in text


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


@pytest.mark.parametrize("left_out", ["deq", "single"])
def test_a_class_that_was_not_run_has_nothing_to_compare(left_out: str) -> None:
    threshold = deq_threshold(planted_error, holes=[(left_out, i) for i in range(5)])

    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    assert threshold.pair_counts is None
    assert describe_threshold(threshold, "test error") == (
        "deq (k=4): nothing to compare: none of the budgets has both a single network and a deq "
        "ensemble of 4 members."
    )
    assert describe_outcome(threshold) == "deq has nothing to compare"


def test_only_seeds_that_both_designs_have_are_paired() -> None:
    records = [
        *(make_record(seed=seed, test_errors=[20.0 + seed]) for seed in (0, 1, 2, 7)),
        *(
            make_record(design_class="deq", seed=seed, test_errors=[10.0 + 1.1 * seed])
            for seed in (1, 2, 3)
        ),
    ]
    threshold = find_threshold(build_error_grid(records), "deq")

    assert threshold.last_cell.num_pairs == 2
    assert threshold.last_cell.mean_difference == pytest.approx(-9.85)
    assert "2 seeds, 1 budget of 206,734 parameters" in describe_threshold(threshold, "test error")


def test_no_shared_seed_is_undecided() -> None:
    records = [make_record(seed=0), make_record(design_class="deq", seed=1)]
    threshold = find_threshold(build_error_grid(records), "deq")

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


def test_a_missing_design_is_a_hole_whatever_the_other_says() -> None:
    assert judge_cell({}, {0: 1.0, 1: 2.0}).verdict is H
    assert judge_cell({0: 1.0, 1: 2.0}, {}).verdict is H


def test_undecided_cells_and_holes_leave_room_for_an_earlier_switchover() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        noise = 5.0 * seed if column == 2 else 0.01 * seed
        lead = -3.0 if column >= 2 else 3.0
        return 20.0 + 0.1 * seed + (lead + noise) * (name == "deq")

    threshold = deq_threshold(error, holes=[("deq", 1)])

    assert threshold.cells[2][-1].verdict is U
    assert threshold.budget == PARAMETERS[3]
    assert threshold.earliest_budget == PARAMETERS[1]  # the hole is not ruled out
    assert threshold.earliest_epoch == 1
    assert "at 281,004 parameters from epoch 1 of 6 on, and may lie as low as 143,840" in (
        describe_threshold(threshold, "test error")
    )


@pytest.mark.parametrize("noise", [0.01, 5.0])
def test_the_smallest_budget_leaves_room_below_the_grid(noise: float) -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        spread = noise if column == 0 else 0.01
        return 20.0 + (spread * seed - 3.0) * (name == "deq")

    threshold = deq_threshold(error)

    first = PARAMETERS[0 if noise < 1 else 1]
    assert threshold.budget == first
    assert str(range_switchover(threshold)) == f"at most {first:,} parameters"
    text = describe_threshold(threshold, "test error")
    said = "lies at or below 92,322 parameters" if noise < 1 else "may lie at or below 92,322"
    assert said in text


def test_what_is_decided_leaves_no_room() -> None:
    threshold = deq_threshold(planted_error)

    assert threshold.earliest_budget == threshold.budget
    assert threshold.earliest_epoch == threshold.epoch
    weq = find_threshold(build_error_grid(make_study(planted_error)), "weq")
    assert weq.earliest_budget is None


def test_a_margin_has_to_be_exceeded_by_the_whole_interval() -> None:
    ensemble, single = {0: 5.0, 1: 6.0, 2: 5.5}, {0: 9.0, 1: 9.5, 2: 9.4}  # 3.1 to 4.4 points

    assert judge_cell(ensemble, single, margin=3.0).verdict is E
    assert judge_cell(ensemble, single, margin=4.0).verdict is U
    assert judge_cell(ensemble, single, margin=5.0).verdict is S


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
    assert threshold.last_cell.num_pairs == 2
    assert threshold.last_cell.mean_difference == pytest.approx(-9.85)
