"""Where a switchover may lie at the lowest and at the highest."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.range import data_complexity, range_switchover
from ensemble_switchover.analysis.switchover.threshold import (
    find_threshold,
)
from ensemble_switchover.analysis.switchover.wording import describe_threshold
from tests.analysis.claims.planted import find_one, from_column
from tests.analysis.switchover.planted_thresholds import PARAMETERS, U, deq_threshold
from tests.factories import make_study, planted_error


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


def test_complexity_is_the_error_of_the_largest_single_network() -> None:
    finding = find_one(from_column(1), from_column(1), holes=[("single", 3)])

    assert data_complexity(finding) == pytest.approx(30.0 - 4)
