"""Studies with a known truth: how often the answers are right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.decision_rule import DecisionRule, Method
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
"""Standard deviation of a run's test error."""


def simulate(differences: NDArray[np.float64], num_seeds: int) -> Iterator[ErrorGrid]:
    """Make studies of deq and single networks with these true differences, `(budgets, epochs)`.

    Nothing of a seed moves both designs alike, as in the digits study.
    """
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
        noise = NOISE * generator.normal(size=(2, num_seeds, NUM_BUDGETS, NUM_EPOCHS))
        errors = {"single": 20.0 + noise[0], "deq": 20.0 + differences + noise[1]}
        curves = {
            (name, column): {seed: tuple(values[seed, column]) for seed in range(num_seeds)}
            for name, values in errors.items()
            for column in range(NUM_BUDGETS)
        }
        yield replace(empty, curves=curves)


@pytest.mark.parametrize("num_seeds", [3, 5])
@pytest.mark.parametrize("method", ["welch", "paired_t"])
def test_an_interval_holds_the_truth_at_its_rate(num_seeds: int, method: Method) -> None:
    truth = np.array([[2.0, 1.0], [0.0, -0.5], [-1.0, -3.0]])
    hits = np.zeros(truth.shape)
    for grid in simulate(truth, num_seeds):
        cells = find_threshold(grid, "deq", DecisionRule(method)).cells
        hits += [
            [c.interval.lower <= t <= c.interval.upper for c, t in zip(column, row, strict=True)]  # type: ignore[union-attr]
            for column, row in zip(cells, truth, strict=True)
        ]

    # Welch's interval is a little wide for so few seeds.
    assert 0.89 <= hits.mean() / NUM_STUDIES <= 0.93
    assert (abs(hits / NUM_STUDIES - 0.91) < 0.01 + 4 * (0.9 * 0.1 / NUM_STUDIES) ** 0.5).all()


def test_equal_designs_are_seldom_told_apart() -> None:
    verdicts = [
        find_threshold(grid, "deq").last_cell.verdict
        for grid in simulate(np.zeros((NUM_BUDGETS, NUM_EPOCHS)), 4)
    ]

    for verdict in (Verdict.ENSEMBLE, Verdict.SINGLE):
        assert 0.03 <= verdicts.count(verdict) / NUM_STUDIES <= 0.065


def test_the_switchover_lies_between_what_is_shown_and_what_is_not_ruled_out() -> None:
    truth = np.array([[4.0, 4.0], [3.0, -4.0], [-4.0, -4.0]])  # the second budget, its last epoch
    found, held = 0, 0
    for grid in simulate(truth, 5):
        threshold = find_threshold(grid, "deq")
        place = threshold.budgets[1]
        lowest = threshold.earliest_budget
        highest = threshold.budget if threshold.outcome is ThresholdOutcome.FOUND else float("inf")
        held += lowest is not None and lowest <= place <= highest
        found += threshold.budget == place

    assert held >= 0.95 * NUM_STUDIES
    assert found > 0.8 * NUM_STUDIES
