"""An ensemble's seconds, latency or bytes as a multiple of its single network's."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.statistics import (
    CONFIDENCE,
    Interval,
    paired_t_interval,
    sample_mean,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl

    from ensemble_switchover.analysis.error_grid import DesignClassName


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ensemble over single network, the geometric mean over budgets and seeds."""

    mean: float
    interval: Interval | None
    """Over the seeds; None for one seed, or where there is no spread."""
    num_budgets: int
    num_seeds: int


def measure_ratio(
    runs: pl.DataFrame,
    column: str,
    design_class: DesignClassName,
    budgets: Collection[int] | None = None,
    confidence: float = CONFIDENCE,
) -> Ratio | None:
    """Measure a quantity of an ensemble class against the single network's.

    Runs are paired by budget and seed. A seed's logarithms are averaged over its budgets; over the
    seeds stands the t interval of these means, taken back from logarithms. Only seeds that have
    every budget of the pairs count, so that all of them average the same designs.

    Args:
        runs: Rows of `tabulate_runs` under one condition.
        column: A column of positive numbers; rows without a value are left out.
        design_class: `deq` or `weq`.
        budgets: Parameters of the budgets to take; all by default.
        confidence: Confidence of the interval.

    Returns:
        The ratio, or None where nothing is paired.
    """
    values: defaultdict[tuple[str, tuple[int, int, int], int], list[float]] = defaultdict(list)
    columns = ("design_class", "budget_parameters", "budget_depth", "budget_width", "seed", column)
    for name, parameters, depth, width, seed, value in runs.select(columns).iter_rows():
        wanted = budgets is None or parameters in budgets
        if wanted and value is not None and value > 0.0 and math.isfinite(value):
            values[name, (parameters, depth, width), seed].append(value)
    logarithms: defaultdict[int, dict[tuple[int, int, int], float]] = defaultdict(dict)
    for (name, budget, seed), ensemble in values.items():
        single = values.get(("single", budget, seed))
        if name == design_class and single:
            ratio = sample_mean(ensemble) / sample_mean(single)
            logarithms[seed][budget] = math.log(ratio)
    if not logarithms:
        return None
    num_budgets = max(map(len, logarithms.values()))
    means = [sample_mean(list(v.values())) for v in logarithms.values() if len(v) == num_budgets]
    interval = paired_t_interval(means, confidence)
    mean = math.exp(sample_mean(means))
    if interval is not None:
        lower, upper = math.exp(interval.lower), math.exp(interval.upper)
        interval = Interval(mean, lower, upper, confidence, len(means))
    return Ratio(mean, interval, num_budgets, len(means))
