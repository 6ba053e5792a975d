"""Ratios of an ensemble's seconds, latency or bytes to those of its single network."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.statistics import (
    CONFIDENCE,
    Interval,
    sample_mean,
    t_interval,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl

    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName


BudgetKey = tuple[int, int, int]
"""Parameters, depth and width of a budget."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratio of ensemble to single network, as a geometric mean over budgets and seeds."""

    mean: float
    interval: Interval | None
    """Interval over the seeds; None for one seed or without spread."""
    num_budgets: int
    num_seeds: int


def measure_ratio(
    runs: pl.DataFrame,
    column: str,
    design_class: DesignClassName,
    budgets: Collection[int] | None = None,
    confidence: float = CONFIDENCE,
) -> Ratio | None:
    """Measure the ratio of a quantity of an ensemble class to that of the single network.

    Runs are paired by budget and seed. The logarithms of the ratios are averaged over the budgets
    of each seed; the interval is the t interval of these means over the seeds, transformed back.
    All seeds must average the same designs. If pairs are missing, the budgets are those that keep
    the most pairs, with the seeds that have all of them.

    Args:
        runs: Rows of `tabulate_runs` under one condition.
        column: A column of positive numbers; rows without a value are left out.
        design_class: `deq` or `weq`.
        budgets: Parameters of the budgets to take; all by default.
        confidence: Confidence of the interval.

    Returns:
        The ratio, or None if no runs are paired.
    """
    values = _values(runs, column, budgets)
    logarithms: defaultdict[int, dict[BudgetKey, float]] = defaultdict(dict)
    for (name, budget, seed), ensemble in values.items():
        single = values.get(("single", budget, seed))
        if name == design_class and single:
            ratio = sample_mean(ensemble) / sample_mean(single)
            logarithms[seed][budget] = math.log(ratio)
    return _summarise(logarithms, confidence)


def measure_own_ratio(
    runs: pl.DataFrame, column: str, design_class: DesignClassName, confidence: float = CONFIDENCE
) -> Ratio | None:
    """Summarise ratios to the single network that the runs themselves measured.

    Args:
        runs: Rows of `tabulate_runs` under one condition.
        column: A column of such ratios; rows without a value are left out.
        design_class: `deq` or `weq`.
        confidence: Confidence of the interval.

    Returns:
        The ratio in the form of `measure_ratio`, or None if nothing was measured.
    """
    logarithms: defaultdict[int, dict[BudgetKey, float]] = defaultdict(dict)
    for (name, budget, seed), ratios in _values(runs, column, None).items():
        if name == design_class:
            logarithms[seed][budget] = math.log(sample_mean(ratios))
    return _summarise(logarithms, confidence)


def _values(
    runs: pl.DataFrame, column: str, budgets: Collection[int] | None
) -> dict[tuple[str, BudgetKey, int], list[float]]:
    """Return the values of a column by design class, budget and seed."""
    values: defaultdict[tuple[str, BudgetKey, int], list[float]] = defaultdict(list)
    columns = ("design_class", "budget_parameters", "budget_depth", "budget_width", "seed", column)
    for name, parameters, depth, width, seed, value in runs.select(columns).iter_rows():
        wanted = budgets is None or parameters in budgets
        if wanted and value is not None and value > 0.0 and math.isfinite(value):
            values[name, (parameters, depth, width), seed].append(value)
    return values


def _summarise(logarithms: dict[int, dict[BudgetKey, float]], confidence: float) -> Ratio | None:
    """Average the logarithms over the budgets of each seed, and the means over the seeds."""
    if not logarithms:
        return None
    budgets, seeds = _largest_block({seed: set(values) for seed, values in logarithms.items()})
    means = [sample_mean([logarithms[seed][budget] for budget in budgets]) for seed in seeds]
    interval = t_interval(means, confidence)
    mean = math.exp(sample_mean(means))
    if interval is not None:
        lower, upper = math.exp(interval.lower), math.exp(interval.upper)
        interval = Interval(mean, lower, upper, confidence, len(means))
    return Ratio(mean, interval, len(budgets), len(means))


def _largest_block(budgets_of: dict[int, set[BudgetKey]]) -> tuple[list[BudgetKey], list[int]]:
    """Choose the budgets of one seed, and all seeds that have them, to keep the most pairs."""
    blocks = [
        (sorted(budgets), [seed for seed in budgets_of if budgets <= budgets_of[seed]])
        for budgets in budgets_of.values()
    ]
    return max(blocks, key=lambda block: len(block[0]) * len(block[1]))
