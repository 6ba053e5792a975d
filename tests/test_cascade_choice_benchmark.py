"""A threshold that is told of on its own images flatters the cascade; cross-fitting does not."""

from __future__ import annotations

import pytest

from benchmarks.cascade_choice import (
    Population,
    dip_on_the_same,
    in_folds,
    lowest_dip,
    on_the_same,
    simulate,
)
from ensemble_switchover.measurement.cascade.cascade_reading import read_cascade
from ensemble_switchover.measurement.cascade.exit_rules import members_asked
from ensemble_switchover.measurement.cascade.threshold_choice import cheapest_threshold

NUM_IMAGES, NUM_STUDIES = 300, 500


@pytest.fixture(scope="module")
def population() -> Population:
    return Population(num_images=50_000)


def test_the_truth_of_the_population_is_that_of_reading_it(population: Population) -> None:
    for threshold in (0.0, 0.7, 0.93, 0.999, 2.0):
        read = read_cascade(population.answers, "confidence", threshold)
        assert population.excess(threshold) == pytest.approx(
            read.error_percent - population.error_percent[-1], abs=1e-9
        )
        assert population.members(threshold) == pytest.approx(read.mean_members)


@pytest.mark.parametrize("choose", [on_the_same, dip_on_the_same])
def test_what_is_told_of_the_images_it_was_chosen_on_is_optimistic(population, choose) -> None:
    bias, error = simulate(population, choose, NUM_IMAGES, NUM_STUDIES).bias
    assert bias < -10.0 * error
    assert bias < -0.2  # percentage points


def test_cross_fitting_is_not(population: Population) -> None:
    bias, error = simulate(population, in_folds, NUM_IMAGES, NUM_STUDIES).bias
    assert abs(bias) < 3.0 * error
    assert error < 0.03


def test_the_lowest_dip_is_never_above_the_lowest_from_which_on(population: Population) -> None:
    lower = 0
    for start in range(0, 10_000, 500):
        drawn = slice(start, start + 500)
        scores, errors = population.scores[:, drawn], population.errors[:, drawn]
        dip, from_which_on = lowest_dip(scores, errors), cheapest_threshold(scores, errors)
        asked = [int(members_asked(scores, t).sum()) for t in (dip, from_which_on)]
        assert asked[0] <= asked[1]
        lower += asked[0] < asked[1]
    assert lower > 0
