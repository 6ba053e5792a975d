"""Studies with a known truth: how often the answers are right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.threshold import ThresholdOutcome, find_threshold
from ensemble_switchover.analysis.switchover.verdict import Verdict
from tests.factories import make_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.switchover.error_grid import ErrorGrid

NUM_STUDIES = 1000
NUM_BUDGETS, NUM_EPOCHS = 3, 2
NOISE = 1.5
"""Standard deviation of a run's test error, beside what a seed does to both designs alike."""


def simulate(differences: NDArray[np.float64], num_seeds: int) -> Iterator[ErrorGrid]:
    """Make studies of deq and single networks with these true differences, `(budgets, epochs)`."""
    empty = build_error_grid(
        make_study(
            lambda *_: 0.0,
            widths=(8, 10, 12),
            num_epochs=NUM_EPOCHS,
            seeds=(0,),
            holes=[("weq", column) for column in range(NUM_BUDGETS)],
        )
    )
    generator = np.random.default_rng(2021)
    for _ in range(NUM_STUDIES):
        of_the_seed = 20.0 + 4.0 * generator.normal(size=(num_seeds, 1, 1))
        noise = NOISE * generator.normal(size=(2, num_seeds, NUM_BUDGETS, NUM_EPOCHS))
        errors = {"single": of_the_seed + noise[0], "deq": of_the_seed + differences + noise[1]}
        curves = {
            (name, column): {seed: tuple(values[seed, column]) for seed in range(num_seeds)}
            for name, values in errors.items()
            for column in range(NUM_BUDGETS)
        }
        yield replace(empty, curves=curves)


@pytest.mark.parametrize("num_seeds", [2, 5])
def test_a_95_percent_interval_holds_the_truth_in_95_percent_of_the_studies(num_seeds: int) -> None:
    truth = np.array([[2.0, 1.0], [0.0, -0.5], [-1.0, -3.0]])
    hits = np.zeros(truth.shape)
    for grid in simulate(truth, num_seeds):
        cells = find_threshold(grid, "deq").cells
        hits += [
            [c.interval.lower <= t <= c.interval.upper for c, t in zip(column, row, strict=True)]  # type: ignore[union-attr]
            for column, row in zip(cells, truth, strict=True)
        ]

    assert 0.93 <= hits[-1, -1] / NUM_STUDIES <= 0.97
    assert 0.94 <= hits.mean() / NUM_STUDIES <= 0.96
    assert (abs(hits / NUM_STUDIES - 0.95) < 4 * (0.95 * 0.05 / NUM_STUDIES) ** 0.5).all()


def test_equal_designs_are_seldom_told_apart() -> None:
    verdicts = [
        find_threshold(grid, "deq").last_cell.verdict
        for grid in simulate(np.zeros((NUM_BUDGETS, NUM_EPOCHS)), 4)
    ]

    for verdict in (Verdict.ENSEMBLE, Verdict.SINGLE):
        assert 0.015 <= verdicts.count(verdict) / NUM_STUDIES <= 0.035


def test_the_switchover_lies_between_what_is_shown_and_what_is_not_ruled_out() -> None:
    truth = np.array([[3.0, 3.0], [2.0, -2.0], [-2.0, -3.0]])  # the second budget, its last epoch
    found, held = 0, 0
    for grid in simulate(truth, 5):
        threshold = find_threshold(grid, "deq")
        place = threshold.budgets[1]
        lowest = threshold.earliest_budget
        highest = threshold.budget if threshold.outcome is ThresholdOutcome.FOUND else float("inf")
        held += lowest is not None and lowest <= place <= highest
        found += threshold.budget == place

    assert held >= 0.95 * NUM_STUDIES
    assert found > 0.2 * NUM_STUDIES
