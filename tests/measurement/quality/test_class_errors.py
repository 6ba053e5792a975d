"""Against scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, recall_score

from ensemble_switchover.measurement.quality.class_errors import (
    class_error_percent,
    confusion_counts,
    mean_class_error_percent,
    most_confused,
)


def drawn(num_classes, present, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.choice(present, 500).astype(np.int32)
    answers = np.where(generator.random(500) < 0.7, labels, generator.integers(0, num_classes, 500))
    return labels, answers


@pytest.mark.parametrize(
    ("num_classes", "present"), [(5, range(5)), (5, [1, 3]), (1, [0]), (3, [2])]
)
def test_errors_class_by_class(num_classes, present):
    labels, answers = drawn(num_classes, list(present))
    confusion = confusion_counts(labels, answers, num_classes)
    every = np.arange(num_classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a single class, or answers that are no label
        matrix = confusion_matrix(labels, answers, labels=every)
        expected = 100 * (1 - balanced_accuracy_score(labels, answers))
    np.testing.assert_array_equal(confusion, matrix)
    assert mean_class_error_percent(confusion) == pytest.approx(expected)
    found = class_error_percent(confusion)
    assert np.flatnonzero(~np.isnan(found)).tolist() == sorted(present)
    recalls = recall_score(labels, answers, labels=list(present), average=None)
    np.testing.assert_allclose(found[list(present)], 100 * (1 - recalls))


def test_the_most_confused_pairs_come_first():
    labels, answers = drawn(6, list(range(6)), seed=3)
    confusion = confusion_counts(labels, answers, 6)
    pairs = most_confused(confusion, 100)
    assert [count for *_, count in pairs] == sorted((count for *_, count in pairs), reverse=True)
    assert {(label, answer): count for label, answer, count in pairs} == {
        (label, answer): confusion[label, answer]
        for label in range(6)
        for answer in range(6)
        if label != answer and confusion[label, answer]
    }
    assert most_confused(confusion, 3) == pairs[:3]
    assert most_confused(np.diag([3, 2]), 3) == []
