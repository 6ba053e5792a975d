"""What an ensemble answers after each member, in several orders at once."""

from __future__ import annotations

import tracemalloc
from itertools import permutations

import numpy as np
import pytest

from ensemble_switchover.measurement.cascade import answers as module
from ensemble_switchover.measurement.cascade.answers import answers_in_orders
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from tests.measurement.cascade.brute_force import draw_logs, exit_scores


def test_every_order_has_the_errors_and_losses_of_its_first_members() -> None:
    logs, labels = draw_logs(3, 120, 5)
    orders = [list(order) for order in permutations(range(3))]
    for order, found in zip(orders, answers_in_orders(logs, labels, orders), strict=True):
        for m in range(3):
            mean = np.exp(logs[order[: m + 1]].astype(np.float64)).mean(axis=0)
            assert (found.errors[m] == (mean.argmax(axis=1) != labels)).all()
            nll = -np.log(mean[np.arange(120), labels])
            assert found.nll_nats[m] == pytest.approx(nll, abs=1e-5)
            second, first = np.sort(mean, axis=1)[:, -2:].T
            assert found.scores["confidence"][m] == pytest.approx(first, abs=1e-6)
            assert found.scores["margin"][m] == pytest.approx(first - second, abs=1e-6)


def test_the_first_order_has_the_very_scores_that_a_cascade_compares() -> None:
    logs, labels = draw_logs(4, 300, 6)
    order = [3, 1, 0, 2]
    first = answers_in_orders(logs, labels, [order, [0, 1, 2, 3], [1, 3, 0, 2]])[0]
    for rule in EXIT_RULES:
        assert (first.scores[rule] == exit_scores(np.exp(logs), order, rule)).all()


def test_images_are_read_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    logs, labels = draw_logs(2, 11, 3)
    (whole,) = answers_in_orders(logs, labels, [[0, 1]])
    monkeypatch.setattr(module, "_BLOCK_BYTES", 1)  # one image at a time
    (single,) = answers_in_orders(logs, labels, [[0, 1]])
    assert (whole.errors == single.errors).all()
    assert (whole.scores["margin"] == single.scores["margin"]).all()


def test_memory_beside_the_predictions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the numbers of classes, a block is held at a time; of all images, a few numbers each."""
    logs = np.full((4, 20_000, 100), np.log(0.01), dtype=np.float32)  # 32 MB
    labels = np.zeros(20_000, dtype=int)
    monkeypatch.setattr(module, "_BLOCK_BYTES", 2**20)
    tracemalloc.start()
    try:
        answers_in_orders(logs, labels, [[0, 1, 2, 3], [3, 2, 1, 0]])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12e6


def test_a_loss_is_exact_where_the_probability_is_small_and_infinite_where_there_is_none() -> None:
    # 1e-50 is no single-precision number
    logs = np.array([[[-115.0, 0.0], [-np.inf, 0.0]]], dtype=np.float32)
    (found,) = answers_in_orders(logs, np.array([0, 0]), [[0]])
    assert found.nll_nats[0].tolist() == [115.0, np.inf]
    assert found.errors.all()


def test_one_class_is_never_an_error() -> None:
    (found,) = answers_in_orders(np.zeros((2, 3, 1)), np.zeros(3, dtype=int), [[1, 0]])
    assert not found.errors.any()
    assert (found.scores["margin"] == 1.0).all()


def test_what_is_no_order_is_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        answers_in_orders(np.zeros((2, 3, 1)), np.zeros(3, dtype=int), [[0]])
