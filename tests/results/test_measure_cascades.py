"""Cascades of predictions: what is chosen where, and read on which images."""

from __future__ import annotations

import numpy as np
import pytest

from ensemble_switchover.measurement.cascade.answers import answers_in_orders
from ensemble_switchover.measurement.cascade.cascade_reading import read_cascade
from ensemble_switchover.measurement.cascade.threshold_choice import cheapest_threshold
from ensemble_switchover.results.image_errors import errors_of
from ensemble_switchover.results.measure_cascades import (
    CURVE_THRESHOLDS,
    cascade_curve,
    make_cascades,
)
from ensemble_switchover.results.predictions import (
    Predictions,
)
from tests.measurement.cascade.brute_force import draw_logs


def _predictions(k: int = 4, num_images: int = 400, seed: int = 0, **options) -> Predictions:
    return Predictions(*draw_logs(k, num_images, 10, seed, **options))


def test_cross_fitted_where_there_are_no_other_images() -> None:
    predictions = _predictions()
    for cascade in make_cascades(predictions):
        assert (cascade.chosen_on, cascade.num_folds, len(cascade.fold_thresholds)) == (
            *("folds", 5, 5),
        )
        assert (cascade.ordered_by, cascade.order) == ("training", [0, 1, 2, 3])
        assert cascade.num_images == 400
        whole = errors_of(predictions).errors.mean()
        assert cascade.whole_error_percent == pytest.approx(100.0 * whole)
        assert cascade.curve.error_percent[-1] == cascade.whole_error_percent
        assert 1.0 <= cascade.mean_members <= 4.0
        assert cascade.members_p50 <= cascade.members_p90 <= cascade.members_p99


def test_chosen_on_held_out_images_and_read_on_the_others() -> None:
    read_on, held_out = _predictions(), _predictions(seed=1)
    order = np.argsort(
        [(member.argmax(axis=1) != held_out.labels).sum() for member in held_out.log_probabilities],
        kind="stable",
    ).tolist()
    (there,) = answers_in_orders(held_out.log_probabilities, held_out.labels, [order])
    (here,) = answers_in_orders(read_on.log_probabilities, read_on.labels, [order])
    for cascade in make_cascades(read_on, held_out):
        assert (cascade.chosen_on, cascade.num_folds, cascade.fold_thresholds) == (
            *("validation", 0, []),
        )
        assert (cascade.ordered_by, cascade.order) == ("validation error", order)
        threshold = cheapest_threshold(there.scores[cascade.rule], there.errors)
        assert cascade.threshold == threshold
        read = read_cascade(here, cascade.rule, threshold)
        assert (cascade.error_percent, cascade.mean_members) == (
            *(read.error_percent, read.mean_members),
        )


def test_the_range_over_orders_is_that_of_every_order_of_four() -> None:
    predictions = _predictions()
    labels = predictions.labels
    cascade = make_cascades(predictions)[0]
    assert (cascade.orders.num_orders, cascade.orders.is_every_order) == (24, True)
    of_others = []
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]):
        turned = Predictions(predictions.log_probabilities[order], labels)
        of_others.append(make_cascades(turned)[0])
    for name in ("error_percent", "mean_members"):
        least, most = getattr(cascade.orders, name)
        assert all(least <= getattr(other, name) <= most for other in of_others)
        ranges = [getattr(other.orders, name) for other in of_others]
        assert ranges == [pytest.approx((least, most), abs=0.3)] * 3
    several = make_cascades(_predictions(k=5, num_images=60))[0].orders
    assert (several.num_orders, several.is_every_order) == (24, False)


def test_members_that_are_equal_need_the_first_alone() -> None:
    logs, labels = draw_logs(1, 100, 4)
    for cascade in make_cascades(Predictions(logs.repeat(3, axis=0), labels)):
        assert (cascade.mean_members, cascade.threshold) == (1.0, 0.0)
        assert cascade.error_percent == cascade.whole_error_percent


def test_half_precision_tells_no_likelihood() -> None:
    predictions = _predictions()
    halves = Predictions.of_probabilities(
        predictions.probabilities.astype(np.float16), predictions.labels
    )
    for exact, cascade in zip(make_cascades(predictions), make_cascades(halves), strict=True):
        assert (cascade.nll_nats, cascade.whole_nll_nats, cascade.curve.nll_nats) == (
            *(None, None, []),
        )
        assert cascade.whole_error_percent == pytest.approx(exact.whole_error_percent, abs=0.3)


def test_predictions_that_are_no_numbers_have_no_cascade() -> None:
    logs, labels = draw_logs(2, 10, 3)
    logs[1, 4, 0] = np.nan
    assert make_cascades(Predictions(logs, labels)) == []


def test_the_curve_goes_from_the_first_member_to_the_whole_ensemble() -> None:
    logs, labels = draw_logs(3, 100, 4)
    (answers,) = answers_in_orders(logs, labels, [[2, 1, 0]])
    curve = cascade_curve(answers, "margin")
    assert curve.thresholds == list(CURVE_THRESHOLDS) == sorted(CURVE_THRESHOLDS)
    first = (logs[2].argmax(axis=1) != labels).mean()
    whole = (np.exp(logs).mean(axis=0).argmax(axis=1) != labels).mean()
    assert curve.error_percent[0] == pytest.approx(100.0 * first)
    assert curve.error_percent[-1] == pytest.approx(100.0 * whole)
    assert (curve.mean_members[0], curve.mean_members[-1]) == (1.0, 3.0)
    assert curve.mean_members == sorted(curve.mean_members)
