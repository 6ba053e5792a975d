"""The tables from which the page computes intervals, against scipy."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from ensemble_switchover.analysis.advice.trained_designs import collect_designs
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, DecisionRule
from ensemble_switchover.analysis.difference import critical_rank
from ensemble_switchover.reporting.explorer.qualities import quality_values
from ensemble_switchover.reporting.explorer.rule_values import (
    NUM_QUANTILES,
    rule_values,
    t_table,
)
from ensemble_switchover.results.quality_metrics import ERROR_METRIC
from tests.factories import make_record


@pytest.mark.parametrize(
    ("confidence", "largest_error"),
    [(0.5, 7.4e-7), (0.9, 8.4e-6), (0.95, 1.6e-5), (0.99, 4.2e-5), (0.999999, 5e-4)],
)
def test_interpolated_quantiles_are_near_the_exact_ones(
    confidence: float, largest_error: float
) -> None:
    table = t_table(confidence)
    reciprocals = np.concatenate(
        [1.0 / np.arange(1, 3000), np.random.default_rng(0).uniform(1e-5, 0.5, 20_000)]
    )
    exact = stats.t.ppf((1.0 + confidence) / 2.0, 1.0 / reciprocals)
    read = np.interp(reciprocals, np.linspace(0.0, 1.0, NUM_QUANTILES), table)

    assert len(table) == NUM_QUANTILES == 201
    assert table[0] == pytest.approx(stats.norm.ppf((1.0 + confidence) / 2.0))
    error = np.abs(read / exact - 1.0).max()
    assert 0.5 * largest_error < error < largest_error


def test_ranks_are_those_of_the_numbers_of_seeds_that_occur() -> None:
    records = [
        make_record(width=width, seed=seed, test_errors=[9.0, float("nan") if seed == 6 else 8.0])
        for width, number in ((8, 2), (12, 4), (16, 7))
        for seed in range(number)
    ]
    rule = DecisionRule("mann_whitney")
    ranks = rule_values(rule, collect_designs(records))["criticalRanks"]

    assert {m: list(of) for m, of in ranks.items()} == {m: ["4", "6", "7"] for m in ("4", "6", "7")}
    assert ranks["4"]["7"] == ranks["7"]["4"] == critical_rank(4, 7, 0.05)


def test_the_rule_is_named() -> None:
    rule = DecisionRule("paired_t", 0.95, keep_collapsed=True)
    values = rule_values(rule, [])

    assert quality_values(rule, ERROR_METRIC)["ruleText"] == (
        "Errors are compared by the 95 % paired t interval of their difference, from 3 seeds of "
        "both on; collapsed runs stay in every error."
    )
    assert values["criticalRanks"] == {}
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert "90 % Welch interval" in quality_values(DEFAULT_RULE, ERROR_METRIC)["ruleText"]
