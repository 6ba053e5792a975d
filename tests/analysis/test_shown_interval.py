"""Intervals of differences, as people read them."""

from __future__ import annotations

from dataclasses import replace

from ensemble_switchover.analysis.shown_interval import show_interval
from ensemble_switchover.analysis.statistics import Interval
from ensemble_switchover.results.quality_metrics import ERROR_METRIC

INTERVAL = Interval(-3.0, -5.0, 1.0, 0.9, 4)


def test_where_less_is_better_it_stays() -> None:
    assert show_interval(INTERVAL, ERROR_METRIC) == INTERVAL


def test_where_more_is_better_the_sign_and_the_bounds_change() -> None:
    more_is_better = replace(ERROR_METRIC, lower_is_better=False)
    assert show_interval(INTERVAL, more_is_better) == Interval(3.0, -1.0, 5.0, 0.9, 4)
