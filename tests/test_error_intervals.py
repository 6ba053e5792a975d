"""The benchmark of intervals of a mean error, and what it guards."""

from __future__ import annotations

import math

import pytest

from benchmarks import error_intervals
from benchmarks.planted_studies import NOISES


@pytest.mark.parametrize("level", error_intervals.LEVELS)
@pytest.mark.parametrize("num_seeds", error_intervals.SEEDS)
def test_shown_intervals_of_90_percent_hold_the_truth_in_about_as_many_studies(
    level: str, num_seeds: int
) -> None:
    truths, deviation = error_intervals.LEVELS[level]
    for noise in NOISES:
        found = error_intervals.measure_held(
            error_intervals.with_spread_beside, noise, truths, deviation, num_seeds, 400
        )
        assert found.mean_share > (0.84 if num_seeds == 1 else 0.86)
        assert found.lowest_share > 0.80


def test_two_seeds_with_the_spread_beside_them_say_twice_as_much() -> None:
    truths, deviation = error_intervals.LEVELS["20 to 40 %, deviation 4"]
    widths = [
        error_intervals.measure_held(method, "Gaussian", truths, deviation, 2, 300).median_width
        for method in (error_intervals.own_spread, error_intervals.with_spread_beside)
    ]
    assert widths[1] < 0.6 * widths[0]


def test_few_seeds_of_an_nll_borrow_a_spread_as_a_share_of_the_mean() -> None:
    held = {
        name: [
            error_intervals.measure_held(
                *(method, noise, error_intervals.NATS_TRUTHS, error_intervals.NATS_DEVIATIONS),
                *(2, 1_000),
                largest=math.inf,
            )
            for noise in NOISES
        ]
        for name, method in error_intervals.NATS_METHODS.items()
    }
    in_nats, shown = held.values()
    assert min(found.mean_share for found in shown) > 0.86
    assert min(found.lowest_share for found in shown) > 0.83
    assert min(found.lowest_share for found in in_nats) < 0.82
    for one, other in zip(in_nats, shown, strict=True):
        assert other.lowest_share > one.lowest_share
        assert other.median_width < one.median_width


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_intervals.main(["--simulations", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 3 * (1 + 2 + 3 * 4) + 1 + 4 * 2
    assert all(line.count("|") == 5 for line in lines)
