"""Counts of collapsed runs, against scipy and in planted studies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from ensemble_switchover.analysis.collapse import find_collapsed
from ensemble_switchover.analysis.collapse_counts import (
    count_collapsed,
    describe_collapses,
    share_interval,
)
from tests.factories import make_record


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 290), (1, 60), (30, 60)])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_the_interval_is_scipys(successes: int, trials: int, confidence: float) -> None:
    expected = stats.binomtest(successes, trials).proportion_ci(confidence, method="exact")

    assert share_interval(successes, trials, confidence) == pytest.approx(tuple(expected))


def test_trainings_of_screened_cells_are_counted_once() -> None:
    singles = [
        make_record(seed=seed, test_errors=[error])
        for seed, error in enumerate((5.0, 5.2, 5.1, 4.9, 60.0))
    ]
    few = [make_record(width=8, seed=seed, test_errors=[50.0 * seed]) for seed in range(3)]
    ensembles = [
        make_record(design_class="deq", width=15, seed=seed, test_errors=[5.0 + 0.1 * seed])
        for seed in range(4)
    ]
    shared = [
        replace(
            make_record(design_class="deq", width=16, seed=seed, test_errors=[5.0 + 0.1 * seed]),
            shared_from=ensembles[seed].name,
        )
        for seed in range(4)
    ]
    records = [*singles, *few, *ensembles, *shared]

    counts = count_collapsed(records, find_collapsed(records))

    assert [(c.kind, c.num_collapsed, c.num_screened) for c in counts] == [
        ("single network", 1, 5),
        ("ensemble", 0, 4),
    ]
    expected = stats.binomtest(1, 5).proportion_ci(0.9, method="exact")
    assert counts[0].lower_percent == pytest.approx(100 * expected.low)
    assert counts[0].upper_percent == pytest.approx(100 * expected.high)
    assert describe_collapses(counts).startswith("1 of 5 single networks collapsed (")


def test_nothing_screened_is_nothing_told() -> None:
    records = [make_record(seed=seed) for seed in range(3)]

    assert count_collapsed(records, find_collapsed(records)) == []
    assert describe_collapses([]) == ""
