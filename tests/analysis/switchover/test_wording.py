"""The sentences that describe a threshold."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.threshold import (
    ThresholdOutcome,
    find_threshold,
)
from ensemble_switchover.analysis.switchover.wording import describe_outcome, describe_threshold
from tests.analysis.switchover.planted_thresholds import U, deq_threshold
from tests.factories import make_study, planted_error


def test_a_switchover_never_seen_is_not_within_the_grid() -> None:
    grid = build_error_grid(make_study(planted_error))
    threshold = find_threshold(grid, "weq")

    assert threshold.outcome is ThresholdOutcome.NOT_WITHIN
    assert threshold.budget is None
    assert threshold.epoch is None
    assert set(threshold.boundary_epochs) == {None}
    text = describe_threshold(threshold, "test error")
    assert text.startswith(
        "weq (width-equivalent ensembles, k=4): no switchover within the grid: at the largest "
        "budget after"
    )
    assert "+4.1 percentage points, 90 % Welch interval +3.5 to +4.6 (3 seeds, 5 budgets" in text
    assert describe_outcome(threshold) == "weq does not switch over within the grid"


def test_one_seed_is_undecided_and_says_so() -> None:
    threshold = deq_threshold(planted_error, seeds=(0,))

    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    assert {cell.verdict for column in threshold.cells for cell in column} == {U}
    text = describe_threshold(threshold, "test error")
    assert "undecided, because it takes 3 seeds of both, and there is 1 seed: at the" in text
    assert "percentage points (1 seed, 5 budgets" in text
    assert "interval" not in text


def test_wide_noise_is_undecided_with_its_interval() -> None:
    threshold = deq_threshold(
        lambda name, i, e, s: 20.0 + (-2.0 + 2.0 * s if name == "deq" else 0.0)
    )

    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    text = describe_threshold(threshold, "test error")
    assert (
        "minus the single network's is +0.0 percentage points, 90 % Welch interval -3.4 to" in text
    )
    assert describe_outcome(threshold) == "deq is undecided"


def test_equal_errors_are_undecided() -> None:
    threshold = deq_threshold(lambda name, i, e, s: 20.0)

    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    text = describe_threshold(threshold, "test error")
    assert "undecided, because the errors do not vary over the seeds: at the" in text
    assert "its test error minus the single network's is +0.0 percentage points (3 seeds" in text


@pytest.mark.parametrize("left_out", ["deq", "single"])
def test_a_class_that_was_not_run_has_nothing_to_compare(left_out: str) -> None:
    threshold = deq_threshold(planted_error, holes=[(left_out, i) for i in range(5)])

    assert threshold.outcome is ThresholdOutcome.UNDECIDED
    assert threshold.seed_counts is None
    assert describe_threshold(threshold, "test error") == (
        "deq (depth-equivalent ensembles, k=4): nothing to compare: none of the "
        "budgets has both a single network and a deq "
        "ensemble of 4 members."
    )
    assert describe_outcome(threshold) == "deq has nothing to compare"
