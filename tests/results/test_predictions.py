import io

import numpy as np
import pytest

from ensemble_switchover.config.table_a import table_a
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    kept_epochs,
    load_predictions,
)


def made_up(dtype=np.float64):
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), size=(3, 20))
    return Predictions.of_probabilities(probabilities.astype(dtype), np.arange(20) % 5)


def test_they_come_back():
    before = made_up()
    after = load_predictions(dump_predictions(before))
    np.testing.assert_array_equal(after.log_probabilities, before.log_probabilities)
    np.testing.assert_array_equal(after.labels, before.labels)
    assert not after.from_half
    assert (after.log_probabilities.dtype, after.labels.dtype) == (np.float32, np.int32)


def test_what_a_network_is_nearly_sure_of_or_rules_out_is_not_lost():
    """-1e-12 is a confidence of 1 even in single precision, and e^-140 is nothing there."""
    logarithms = np.array([[[-1e-12, -140.0, -np.inf]]], dtype=np.float32)
    after = load_predictions(dump_predictions(Predictions(logarithms, np.zeros(1, np.int32))))
    np.testing.assert_array_equal(after.log_probabilities, logarithms)
    assert after.probabilities.tolist() == [[[1.0, 0.0, 0.0]]]


def test_older_files_in_half_precision_are_read_exactly_as_they_are():
    stored = np.random.default_rng(1).dirichlet(np.full(5, 0.05), size=(3, 20)).astype(np.float16)
    assert (stored == 0).any()
    assert (stored == 1).any()
    labels = np.arange(20, dtype=np.int32) % 5
    for content in (
        _archive(probabilities=stored, labels=labels),
        dump_predictions(Predictions.of_probabilities(stored, labels)),
    ):
        found = load_predictions(content)
        assert found.from_half
        assert found.probabilities.dtype == np.float32
        np.testing.assert_array_equal(found.probabilities, stored.astype(np.float32))
        np.testing.assert_array_equal(np.isneginf(found.log_probabilities), stored == 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_sum_is_that_of_the_members(dtype):
    predictions = made_up(dtype)
    assert predictions.from_half == (dtype == np.float16)
    expected = predictions.probabilities.sum(axis=0)
    np.testing.assert_array_equal(predictions.sum_probabilities(), expected)


def test_which_epochs():
    recipe = table_a("densenet", "cifar10").scaled_to(8)  # drops after 4 and 6
    every = list(range(1, 9))
    assert kept_epochs("none", recipe, every) == []
    assert kept_epochs("final", recipe, every) == [8]
    assert kept_epochs("milestones", recipe, every) == [4, 6, 8]
    assert kept_epochs("all", recipe, every) == every


def test_no_predictions_are_kept_of_an_epoch_that_was_not_evaluated():
    recipe = table_a("densenet", "cifar10").scaled_to(8)
    assert kept_epochs("milestones", recipe, [3, 6, 8]) == [6, 8]
    assert kept_epochs("all", recipe, [3, 6, 8]) == [3, 6, 8]
    assert kept_epochs("final", recipe, [3, 6, 8]) == [8]


def test_a_drop_at_the_end_is_no_milestone_of_its_own():
    assert kept_epochs("milestones", table_a("wide_resnet", "cifar10"), range(1, 201)) == [100, 200]


def _archive(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        dump_predictions(made_up())[:200],
        _archive(probabilities=np.zeros((1, 2, 3), np.float16)),
        _archive(probabilities=np.zeros((1, 2, 3)), labels=np.zeros(2, int)),
        _archive(probabilities=np.zeros((2, 3), np.float16), labels=np.zeros(2, int)),
        _archive(probabilities=np.zeros((1, 2, 3), np.float16), labels=np.zeros(3, int)),
        _archive(log_probabilities=np.zeros((1, 2, 3), np.float32)),
        _archive(log_probabilities=np.zeros((1, 2, 3)), labels=np.zeros(2, int)),
        _archive(log_probabilities=np.zeros((1, 2, 3), np.float32), labels=np.zeros(3, int)),
        _archive(log_probabilities=np.full((1, 2, 3), 0.1, np.float32), labels=np.zeros(2, int)),
        _archive(log_probabilities=np.full((1, 2, 3), np.nan, np.float32), labels=np.zeros(2, int)),
        _archive(probabilities=np.full((1, 2, 3), -0.5, np.float16), labels=np.zeros(2, int)),
        _archive(probabilities=np.full((1, 2, 3), np.nan, np.float16), labels=np.zeros(2, int)),
        _archive(
            log_probabilities=np.full((1, 1, 2), -np.inf, np.float32), labels=np.zeros(1, int)
        ),
        _archive(probabilities=np.zeros((1, 1, 2), np.float16), labels=np.zeros(1, int)),
        _archive(log_probabilities=np.zeros((1, 1, 2), np.float32), labels=np.full(1, 2)),
        _archive(log_probabilities=np.zeros((1, 1, 2), np.float32), labels=np.full(1, -1)),
        _archive(log_probabilities=np.zeros((1, 1, 2), np.float32), labels=np.full(1, 0.5)),
        _archive(probabilities=np.array([print], dtype=object), labels=np.zeros(3, int)),
    ],
)
def test_what_is_none_is_refused_and_not_run(content):
    with pytest.raises(RecordError, match="predictions"):
        load_predictions(content)
