"""The metrics by which the page can compare designs: those that all its runs have."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.results.metric_losses import RECOMPUTE_COMMAND, split_by_metric
from ensemble_switchover.results.quality_metrics import QUALITY_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import Record


def offered_metrics(records: Sequence[Record]) -> list[QualityMetric]:
    """Return the metrics that all runs have, the error first."""
    return [
        metric
        for metric in QUALITY_METRICS.values()
        if metric.is_error or not split_by_metric(records, metric)[1]
    ]


def describe_not_offered(offered: Sequence[QualityMetric]) -> str | None:
    """Say which metrics are not offered, and what computes them; None if all are."""
    nouns = [metric.noun for metric in QUALITY_METRICS.values() if metric not in offered]
    if not nouns:
        return None
    named = " and ".join([", ".join(nouns[:-1]), nouns[-1]] if len(nouns) > 1 else nouns)
    return (
        f"Not offered to compare by, as runs lack it: {named}. Where predictions were kept, "
        f"{RECOMPUTE_COMMAND} computes it."
    )


def quality_values(rule: DecisionRule, metric: QualityMetric) -> dict[str, Any]:
    """Return a metric with its names, its unit and what the page says of the rule under it.

    Args:
        rule: How designs are compared, by whichever metric.
        metric: One of those that are offered.
    """
    own = replace(rule, metric=metric.name)
    plural, largest = metric.plural, metric.unit.largest
    collapsed = f"are left out of {plural}"
    if rule.keep_collapsed:
        collapsed = f"stay in every {metric.noun}"
    return {
        "name": metric.name,
        "template": metric.template,
        "noun": metric.noun,
        "plural": plural,
        "symbol": metric.unit.symbol,
        "ofDifference": metric.unit.of_difference,
        "decimals": metric.unit.decimals,
        "largest": None if math.isinf(largest) else largest,
        "largestMargin": metric.unit.largest_margin,
        "lowerIsBetter": metric.lower_is_better,
        "by": metric.by_name,
        "whyNoInterval": own.why_no_interval,
        "ruleText": f"{plural[:1].upper()}{plural[1:]} are compared by the {rule.interval_name} of "
        f"their difference, from {MIN_SEEDS} seeds of both on; collapsed runs {collapsed}.",
    }
