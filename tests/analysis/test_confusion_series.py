"""Which classes designs take for which, from the qualities of their records."""

from dataclasses import replace

import numpy as np
import pytest

from ensemble_switchover.analysis.confusion_series import confusion_series, order_by_confusion
from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.predictions import Predictions
from tests.factories import make_record


def predicted(labels, answers, classes=3):
    probabilities = np.full((1, len(labels), classes), 0.1)
    probabilities[0, np.arange(len(labels)), answers] = 0.8
    return measure_quality(Predictions.of_probabilities(probabilities, np.array(labels)))


def test_shares_are_of_the_images_of_all_seeds_at_the_largest_budget():
    qualities = [predicted([0, 0, 1, 2], [1, 0, 1, 2]), predicted([0, 0, 1, 2], [0, 0, 2, 2])]
    records = [
        replace(make_record(seed=seed, width=12), quality=quality)
        for seed, quality in enumerate(qualities)
    ]
    other = replace(make_record(width=8), quality=predicted([0], [2]))
    found = confusion_series([*records, other, make_record(seed=7, width=16)])
    assert found.select("label", "answer", "percent", "num_seeds").rows() == [
        (1, 2, 50.0, 2),
        (0, 1, 25.0, 2),
    ]
    assert found["budget_parameters"].unique().to_list() == [records[0].budget.parameters]
    assert confusion_series([make_record()]).is_empty()


@pytest.mark.parametrize("seed", range(4))
def test_groups_of_confused_classes_stand_together(seed):
    generator = np.random.default_rng(seed)
    group = generator.permutation(12) % 3
    confused = np.where(group[:, None] == group, 5.0, 0.1) * generator.uniform(0.8, 1, (12, 12))
    np.fill_diagonal(confused, 0.0)
    order = order_by_confusion(confused)
    assert sorted(order) == list(range(12))
    changes = np.count_nonzero(np.diff(group[order]))
    assert changes == 2


def test_few_classes_need_no_order():
    assert order_by_confusion(np.zeros((2, 2))) == [0, 1]
    assert order_by_confusion(np.zeros((1, 1))) == [0]
    assert sorted(order_by_confusion(np.zeros((5, 5)))) == [0, 1, 2, 3, 4]
