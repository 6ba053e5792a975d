"""How the switchover depends on the rule: confidence, margin, method, collapsed runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.statistics import Interval, t_quantile
from ensemble_switchover.analysis.switchover.threshold import (
    find_boundary,
    first_column,
    judge_grid,
)
from ensemble_switchover.results.quality_metrics import PERCENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.threshold import Threshold
    from ensemble_switchover.analysis.switchover.verdict import GridCell
    from ensemble_switchover.results.quality_metrics import QualityMetric

CONFIDENCES = (0.8, 0.9, 0.95, 0.99)
MARGINS = PERCENT.margins
"""Percentage points by which the ensemble must be better."""
FORMER_CONFIDENCE = 0.95
"""Confidence of the paired t interval where it is shown beside another method."""
MEANS_ALONE = "means alone"
"""Name of the comparison of means without intervals, as one run of each design would give."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The switchover under another rule."""

    name: str
    """The method, its confidence, and whether collapsed runs are in; or `means alone`."""
    margin: float
    """By how much the ensemble must be better, in percentage points or the unit of the metric."""
    budget: int | None
    """The smallest budget, in parameters, beyond the threshold at the last epoch; None if none."""
    epoch: int | None
    """The smallest epoch beyond the threshold at that budget."""


def list_rules(rule: DecisionRule, *, has_collapsed: bool) -> list[DecisionRule]:
    """List the rules to compare: other confidences, other methods, and with collapsed runs in.

    Args:
        rule: The rule of the report; it is one of them.
        has_collapsed: Whether runs collapsed.
    """
    rules = [replace(rule, confidence=c) for c in sorted({*CONFIDENCES, rule.confidence})]
    if rule.method != "welch":
        rules.append(replace(rule, method="welch"))
    if rule.method != "paired_t":
        rules.append(replace(rule, method="paired_t", confidence=FORMER_CONFIDENCE))
    if rule.method != "mann_whitney":
        rules.append(replace(rule, method="mann_whitney"))
    if has_collapsed:
        rules.append(replace(rule, keep_collapsed=not rule.keep_collapsed))
    return rules


def vary_rule(
    grids: Mapping[bool, ErrorGrid],
    ensemble_class: DesignClassName,
    rules: Sequence[DecisionRule],
    margins: Sequence[float] | None = None,
    pools: Mapping[bool, Mapping[tuple[int, int], Interval]] | None = None,
) -> list[Variant]:
    """Find the switchover under every rule and margin, and by the means alone.

    Args:
        grids: Whether collapsed runs are in -> the test errors.
        ensemble_class: `deq` or `weq`.
        rules: How the errors of a cell are compared.
        margins: In percentage points or the unit of the metric; None: those of the unit.
        pools: Whether collapsed runs are in -> intervals of the cells that pools of members decide;
            their confidence is that of each rule.

    Returns:
        One variant for each pair, ordered by rule, the means first, then by margin.
    """
    first, pools = rules[0], pools or {}
    margins = first.quality.unit.margins if margins is None else margins
    keep = first.keep_collapsed
    upper = _upper_bounds(grids[keep], ensemble_class, first, pools.get(keep, {}))
    bounds = [(MEANS_ALONE, first, upper[0])]
    for rule in rules:
        keep = rule.keep_collapsed
        upper = _upper_bounds(grids[keep], ensemble_class, rule, pools.get(keep, {}))
        bounds.append((rule.label, rule, upper[1]))
    variants = []
    for name, rule, bound in bounds:
        grid = grids[rule.keep_collapsed]
        budgets = [budget.parameters for budget in grid.budgets]
        for margin in margins:
            boundary = find_boundary(budgets, bound < -margin)  # false where the bound is NaN
            column = first_column(boundary)
            row = None if column is None else boundary[column]
            found = None if column is None else budgets[column]
            variants.append(Variant(name, margin, found, None if row is None else grid.epochs[row]))
    return variants


def describe_sensitivity(threshold: Threshold, variants: Sequence[Variant]) -> str:
    """Describe the switchover under other rules and other margins, varied one at a time."""
    rule, metric = threshold.rule, threshold.rule.quality
    levels = [v for v in variants if v.margin == rule.margin]
    margins = [v for v in variants if v.name == rule.label and v.margin != rule.margin]
    parts = [f"{v.name}: {_describe_variant(v)}" for v in levels]
    parts += [f"a margin of {_amount(v.margin, metric)}: {_describe_variant(v)}" for v in margins]
    name = f"{threshold.ensemble_class}{metric.by_name}"
    return f"{name} under other rules: {'; '.join(parts)}."


def at_confidence(interval: Interval, confidence: float) -> Interval:
    """Return a t interval at another confidence; its degrees of freedom are its samples less 1."""
    degrees = interval.num_samples - 1
    factor = t_quantile(degrees, confidence) / t_quantile(degrees, interval.confidence)
    half_width = factor * (interval.upper - interval.lower) / 2.0
    mean = interval.mean
    return Interval(mean, mean - half_width, mean + half_width, confidence, interval.num_samples)


def _upper_bounds(
    grid: ErrorGrid,
    ensemble_class: DesignClassName,
    rule: DecisionRule,
    pools: Mapping[tuple[int, int], Interval],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean difference of every cell and the upper bound of its interval, else NaN."""
    scaled = {cell: at_confidence(i, rule.confidence) for cell, i in pools.items()}
    cells = judge_grid(grid, ensemble_class, rule, scaled)
    means = [[_or_nan(cell.mean_difference) for cell in column] for column in cells]
    return np.array(means), np.array([[_upper(cell) for cell in column] for column in cells])


def _upper(cell: GridCell) -> float:
    return float("nan") if cell.interval is None else cell.interval.upper


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _amount(margin: float, metric: QualityMetric) -> str:
    unit = metric.unit.of_difference
    return f"{margin:g} {unit.removesuffix('s') if margin == 1.0 else unit}"


def _describe_variant(variant: Variant) -> str:
    if variant.budget is None:
        return "none"
    return f"{variant.budget:,} parameters, epoch {variant.epoch}"
