"""The cascades of a run: what is chosen where, and read on which images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.cascade.answers import answers_in_orders
from ensemble_switchover.analysis.cascade.cascade_curve import read_cascade
from ensemble_switchover.analysis.cascade.run_cascades import cascades_of, make_cascades
from ensemble_switchover.analysis.cascade.threshold_choice import cheapest_threshold
from ensemble_switchover.results.image_errors import errors_of
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    predictions_file,
)
from ensemble_switchover.results.store import write_record
from tests.analysis.cascade.brute_force import draw_logs
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path


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


def test_cascades_of_a_record_of_before_come_from_its_predictions(tmp_path: Path) -> None:
    predictions = _predictions(num_images=1497)
    error = 100.0 * float(errors_of(predictions).errors.mean())
    record = make_record(design_class="deq", test_errors=(50.0, error))
    write_record(tmp_path, record, {predictions_file(2): dump_predictions(predictions)})
    found = cascades_of(record, tmp_path)
    assert found == make_cascades(predictions)
    kept = replace(record, cascades=found[:1])
    assert cascades_of(kept, tmp_path / "absent") == found[:1]


def test_runs_without_predictions_and_single_networks_have_none(tmp_path: Path) -> None:
    assert cascades_of(make_record(design_class="deq"), tmp_path) == []
    assert cascades_of(make_record(), tmp_path) == []
