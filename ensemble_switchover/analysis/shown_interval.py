"""Intervals of differences of losses, as people read them: of the metric's own values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ensemble_switchover.analysis.statistics import Interval
    from ensemble_switchover.results.quality_metrics import QualityMetric


def show_interval(interval: Interval, metric: QualityMetric) -> Interval:
    """Return the interval of a difference of values from that of their losses.

    Of a metric of which more is better, a difference changes its sign, and the bounds their places.
    """
    lower, upper = metric.shown_difference_bounds(interval.lower, interval.upper)
    return replace(interval, mean=metric.shown_difference(interval.mean), lower=lower, upper=upper)
