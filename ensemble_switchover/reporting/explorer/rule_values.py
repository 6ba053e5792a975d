"""The decision rule as plain values: what the page needs to compute intervals itself.

The page has no special functions. It gets quantiles of Student's t distribution in a table over the
reciprocal of the degrees of freedom, in which they are smooth, and the critical values of Mann and
Whitney's test for the numbers of seeds that occur.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri, stdtrit

from ensemble_switchover.analysis.decision_rule import (
    INTERVAL_NAMES,
    MIN_SEEDS,
    describe_interval_scope,
)
from ensemble_switchover.analysis.difference import critical_rank

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ensemble_switchover.analysis.advice.trained_designs import TrainedDesign
    from ensemble_switchover.analysis.decision_rule import DecisionRule

NUM_QUANTILES = 201
"""Number of quantiles in the table, for 1 / degrees of freedom from 0 to 1 in equal steps.

Between 2 degrees of freedom and infinity, linear interpolation errs by at most 8.4e-6 of the
quantile at 90 %, 4.2e-5 at 99 % and 5e-4 at 99.9999 %; at 1 degree, that of two seeds, it is exact.
No interval has between 1 and 2 degrees of freedom."""


def rule_values(rule: DecisionRule, designs: Collection[TrainedDesign]) -> dict[str, Any]:
    """Return the rule, its names and its tables as values that JSON can hold.

    Args:
        rule: How errors are compared.
        designs: All designs, in every treatment of collapsed runs that the page can show.
    """
    level = f"{100.0 * rule.confidence:g} %"
    return {
        "method": rule.method,
        "confidence": rule.confidence,
        "keepCollapsed": rule.keep_collapsed,
        "minSeeds": MIN_SEEDS,
        "level": level,
        "intervalNoun": INTERVAL_NAMES[rule.method],
        "scope": describe_interval_scope({design.evaluated_on for design in designs}),
        "tQuantiles": t_table(rule.confidence),
        "criticalRanks": _critical_ranks(rule, designs) if rule.method == "mann_whitney" else {},
    }


def t_table(confidence: float) -> list[float]:
    """Return half-widths of two-sided t intervals in standard errors, over 1 / degrees of freedom.

    >>> table = t_table(0.95)
    >>> round(table[0], 4), round(table[100], 4), round(table[200], 4)  # infinity, 2 and 1 degrees
    (1.96, 4.3027, 12.7062)
    """
    share = (1.0 + confidence) / 2.0
    reciprocals = np.linspace(0.0, 1.0, NUM_QUANTILES)[1:]
    return [float(ndtri(share)), *stdtrit(1.0 / reciprocals, share).tolist()]


def _critical_ranks(
    rule: DecisionRule, designs: Iterable[TrainedDesign]
) -> dict[str, dict[str, int | None]]:
    """Return the critical rank for every two numbers of seeds with a finite error that occur."""
    numbers = {
        sum(map(math.isfinite, errors))
        for design in designs
        for curves in (design.errors, design.losses)
        for errors in zip(*curves.values(), strict=True)
    }
    ranks: dict[str, dict[str, int | None]] = {}
    for first, second in product(sorted(n for n in numbers if n >= MIN_SEEDS), repeat=2):
        found = critical_rank(first, second, (1.0 - rule.confidence) / 2.0)
        ranks.setdefault(str(first), {})[str(second)] = found
    return ranks
