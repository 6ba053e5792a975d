"""The benchmark of the rule's power: its studies, its short cuts, and what it guards."""

from __future__ import annotations

import json
import sys
from statistics import fmean

import numpy as np
import pytest

from benchmarks import power
from benchmarks.planted_studies import (
    COLLAPSE_SHARE,
    GAINS,
    NOISES,
    SINGLE_DEVIATION,
    Bounds,
    draw_studies,
    find_bounds,
    find_columns,
    planted_differences,
    screen,
)
from ensemble_switchover.analysis.collapse import outliers
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, METHODS, DecisionRule
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.switchover.threshold import find_boundary, first_column

NOMINAL, ALLOWED = 0.05, 0.065
NUM_STUDIES = 3_000


def false_finds(rule: DecisionRule) -> float:
    """Return the share of false finds, the worst over noises and seeds, the mean over budgets."""
    shares = []
    for noise in NOISES:
        for seeds in (3, 5, 10):
            bounds = power.simulate_bounds(rule, noise, NUM_STUDIES, (seeds, seeds))
            shares.append(fmean(power.measure_false_finds(bounds, "", noise, seeds).for_ensemble))
    return max(shares)


def test_false_finds_are_as_rare_as_promised():
    assert 0.5 * NOMINAL < false_finds(DEFAULT_RULE) <= ALLOWED


@pytest.mark.parametrize("rule", [DecisionRule(confidence=0.6), DecisionRule("paired_t", 0.8)])
def test_a_rule_that_finds_falsely_would_be_noticed(rule):
    assert false_finds(rule) > ALLOWED


def test_the_rule_finds_more_than_the_one_before_and_its_ranges_hold_the_truth():
    before = DecisionRule("paired_t", 0.95, keep_collapsed=True)
    found, holds = {}, {}
    for name, rule in {"before": before, "default": DEFAULT_RULE}.items():
        shares = [
            each
            for noise in NOISES
            for each in power.measure_shares(
                power.simulate_bounds(rule, noise, NUM_STUDIES, (5, 5)), name, noise, (5, 5)
            )
        ]
        found[name] = fmean(each.found_rightly for each in shares)
        holds[name] = min(each.holds_truth for each in shares)
    assert found["before"] == pytest.approx(0.75, abs=0.02)
    assert found["default"] > 0.86
    assert holds["default"] >= 0.95


def test_the_same_arguments_give_the_same_studies_and_others_give_others():
    one, same = (draw_studies("collapses", 10, 5, 4, 3, seed=1) for _ in range(2))
    assert all(np.array_equal(*pair) for pair in zip(one, same, strict=True))
    other = draw_studies("collapses", 10, 5, 4, 3, seed=2)
    assert not np.array_equal(one[0], other[0])
    assert (one[0].shape, one[1].shape) == ((10, 5, 4), (10, 5, 3))


@pytest.mark.parametrize("noise", NOISES)
def test_noises_are_what_they_say(noise):
    singles, ensembles = draw_studies(noise, 20_000, 5, 3, 3)
    deviations = singles.std(axis=(0, 2)) / SINGLE_DEVIATION
    if noise == "collapses":
        assert (singles > 25.0).mean() == pytest.approx(COLLAPSE_SHARE, rel=0.05)
        assert ensembles.max() < 25.0
    elif noise == "falling":
        assert deviations == pytest.approx([2.0, 2**0.5, 1.0, 0.5**0.5, 0.5], rel=0.03)
    elif noise == "random per cell":
        within = singles.std(axis=2, ddof=1).mean(axis=1)
        assert within.std() > 0.1
        assert deviations == pytest.approx([((4 - 0.25) / np.log(16)) ** 0.5] * 5, rel=0.03)
    else:
        assert deviations == pytest.approx([1.0] * 5, rel=0.1)


@pytest.mark.parametrize("num_seeds", [3, 4, 5, 6, 10, 11])
def test_screening_many_studies_is_screening_each(num_seeds):
    errors, _ = draw_studies("collapses", 300, 5, num_seeds, num_seeds)
    errors += 0.2 * np.random.default_rng(0).standard_t(1, errors.shape)
    screened = screen(errors)
    for study, kept in zip(errors, screened, strict=True):
        cells = {
            budget: {(budget, run): error for run, error in enumerate(cell)}
            for budget, cell in enumerate(study.tolist())
        }
        assert set(outliers(cells)) == set(zip(*np.nonzero(np.isnan(kept)), strict=True))
    assert np.isnan(screened).any() == (num_seeds > 3)


@pytest.mark.parametrize("method", METHODS)
def test_a_planted_difference_moves_the_bounds_of_every_cell(method):
    rule = DecisionRule(method)
    singles, ensembles = draw_studies("collapses", 20, 5, 5, 4)
    differences = planted_differences(0.7)
    bounds = find_bounds(singles, ensembles, rule)
    singles, ensembles = screen(singles), screen(ensembles + differences[:, None])
    decided = 0
    for study, budget in np.ndindex(20, 5):
        interval = difference_interval(
            dict(enumerate(ensembles[study, budget])),
            dict(enumerate(singles[study, budget])),
            rule,
        )
        moved = [each[study, budget] + differences[budget] for each in (bounds.lower, bounds.upper)]
        given = [np.nan] * 2 if interval is None else [interval.lower, interval.upper]
        assert given == pytest.approx(moved, nan_ok=True)
        decided += interval is not None
    assert decided > 70


def test_switchovers_are_those_of_the_thresholds_definition():
    random = np.random.default_rng(3)
    lower = random.normal(-1.0, 1.0, (500, 6))
    bounds = Bounds(lower, lower + random.uniform(0.2, 2.0, lower.shape))
    bounds.lower[::7, 2] = bounds.upper[::7, 2] = np.nan
    differences = planted_differences(0.4, 6)
    found, earliest = find_columns(bounds, differences)
    budgets = [2**column for column in range(6)]
    for study in range(500):
        upper = bounds.upper[study] + differences
        won = (upper < 0)[:, None]
        possible = ~(bounds.lower[study] + differences > 0)[:, None]
        for column, wins in ((found[study], won), (earliest[study], possible)):
            expected = first_column(find_boundary(budgets, wins))
            assert column == (6 if expected is None else expected)
    assert len(set(found.tolist())) > 4


def test_shares_of_four_studies_by_hand():
    half_widths = np.array([0.1, 1.0, 9.0, 0.1])[:, None] * np.ones(5)
    centres = np.array([0.0, 0.0, 0.0, -2.0])[:, None]
    bounds = Bounds(centres - half_widths, centres + half_widths)
    strong = power.measure_shares(bounds, "a rule", "t3", (5, 5))[-1]
    # The truth at the budgets is 1.65, 0.55, -0.55, -1.65, -2.75. The first study decides each cell
    # rightly; the second decides the first, fourth and fifth; the third none; the fourth is wrong.
    assert strong.gain == "strong"
    assert strong.found_rightly == 0.5
    assert strong.holds_truth == 0.75
    assert strong.bounded == 0.5
    assert strong.median_width == pytest.approx((2.0 + 8.0) / 2)
    assert strong.mean_width == pytest.approx((2.0 * 8.0) ** 0.5)
    (_, _, none) = power.measure_shares(
        Bounds(bounds.lower - 9, bounds.upper + 9), "", "t3", (5, 5)
    )
    assert none.bounded == 0.0
    assert np.isnan(none.median_width)


def test_a_budget_is_ruled_out_if_the_single_network_seems_better_at_any():
    lower = np.array([[-1.0, -1, 0.2], [-1, -1, 0.05], [-1, np.nan, -1], [0.2, 0.2, -1]])
    assert power.ruled_out_falsely(Bounds(lower, lower + 1.0)) == 0.5


def test_looking_again_and_again_finds_falsely_more_often():
    once = power.found_falsely_by_looking(DEFAULT_RULE, "Gaussian", NUM_STUDIES, [10])
    always = power.found_falsely_by_looking(DEFAULT_RULE, "Gaussian", NUM_STUDIES, range(3, 11))
    assert once == pytest.approx(NOMINAL, abs=0.015)
    assert always > once + 0.03


def test_it_prints_a_row_for_each_rule_and_writes_every_share(monkeypatch, capsys, tmp_path):
    out = tmp_path / "power.json"
    monkeypatch.setattr(power, "SEEDS", (5,))
    monkeypatch.setattr(sys, "argv", ["power", "--simulations", "20", "--out", str(out)])
    power.main()
    lines = capsys.readouterr().out.splitlines()
    rows, runs = lines[: lines.index("")], lines[lines.index("") + 1 :]
    assert [row.split(" | ")[0].strip("| ") for row in rows[2:]] == list(power.RULES)
    assert len(runs[: runs.index("")]) == 2 + len(power.RUNS)
    assert "leads by 0.1 points" in runs[-3]
    assert all("a look after every seed from 3 to 10" in line for line in runs[-2:])
    written = json.loads(out.read_text())
    assert written["simulations"] == 20
    kinds = len(NOISES) * (len(power.RULES) + len(power.RUNS))
    assert len(written["shares"]) == kinds * len(GAINS)
    assert len(written["false_finds"]) == 2 * len(NOISES) * len(power.RULES)
