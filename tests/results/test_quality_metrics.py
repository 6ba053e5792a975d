"""The metrics by which designs are compared: what they are called, and how they are written."""

from __future__ import annotations

import itertools
import math
import pickle

import pytest

from ensemble_switchover.results.quality_metrics import (
    ERROR_METRIC,
    METRIC_NAMES,
    QUALITY_METRICS,
    QualityMetric,
)


def test_every_name_has_a_metric_and_the_error_comes_first() -> None:
    assert tuple(QUALITY_METRICS) == METRIC_NAMES
    assert METRIC_NAMES[0] == "error"
    assert all(QUALITY_METRICS[name].name == name for name in METRIC_NAMES)
    assert len({metric.column for metric in QUALITY_METRICS.values()}) == len(METRIC_NAMES)
    assert len({metric.noun for metric in QUALITY_METRICS.values()}) == len(METRIC_NAMES)


@pytest.mark.parametrize("metric", QUALITY_METRICS.values(), ids=METRIC_NAMES)
def test_of_every_metric_less_loss_is_better_and_nothing_is_lost(metric: QualityMetric) -> None:
    values = [0.1, 0.5, 2.0, 97.0]
    for one, other in itertools.pairwise(values):
        difference = metric.loss_of(one) - metric.loss_of(other)
        assert (difference < 0.0) == ((one < other) == metric.lower_is_better)
        assert metric.shown_difference(difference) == pytest.approx(one - other)
        low, high = sorted((metric.loss_of(one), metric.loss_of(other)))
        assert metric.shown_bounds(low, high) == pytest.approx((one, other))
        assert metric.shown_difference_bounds(low, high) == pytest.approx(
            sorted((metric.shown_difference(low), metric.shown_difference(high)))
        )
    assert [metric.shown(metric.loss_of(value)) for value in values] == pytest.approx(values)


@pytest.mark.parametrize("metric", QUALITY_METRICS.values(), ids=METRIC_NAMES)
def test_it_is_written_with_its_unit(metric: QualityMetric) -> None:
    loss = metric.loss_of(2.5)
    assert metric.write(loss) in ("2.50 %", "2.5000 nats")
    assert metric.write_bounds(loss, loss).startswith("2.50")
    assert "test" in metric.measure_on("test")
    assert "test" not in metric.noun
    assert "  " not in metric.noun
    assert metric.column.endswith(("percent", "nats"))
    assert math.isinf(metric.unit.largest) == (metric.unit.symbol == "nats")
    assert metric.by_name == ("" if metric is ERROR_METRIC else f" by {metric.noun}")


def test_metrics_are_sent_to_other_processes_as_they_are() -> None:
    for metric in QUALITY_METRICS.values():
        assert pickle.loads(pickle.dumps(metric)) == metric
