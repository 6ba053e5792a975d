"""Readings of a cascade against a loop over images."""

from __future__ import annotations

import numpy as np
import pytest

from ensemble_switchover.measurement.cascade.answers import answers_in_orders
from ensemble_switchover.measurement.cascade.cascade_reading import CascadeReading, read_cascade
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from tests.measurement.cascade.brute_force import ask_members, draw_logs


@pytest.mark.parametrize("rule", EXIT_RULES)
def test_a_loop_over_images_answers_the_same(rule) -> None:
    logs, labels = draw_logs(4, 80, 6)
    order = [1, 3, 2, 0]
    (answers,) = answers_in_orders(logs, labels, [order])
    for threshold in (0.0, 0.5, 0.9, 0.999, 2.0):
        told = [ask_members(np.exp(logs[:, n]), order, rule, threshold) for n in range(80)]
        read = read_cascade(answers, rule, threshold)
        wrong = [mean.argmax() != label for (_, mean), label in zip(told, labels, strict=True)]
        losses = [-np.log(mean[label]) for (_, mean), label in zip(told, labels, strict=True)]
        assert read.members.tolist() == [asked for asked, _ in told]
        assert read.error_percent == pytest.approx(100.0 * np.mean(wrong))
        assert read.nll_nats == pytest.approx(np.mean(losses), rel=1e-4)


def test_members_suffice_for_a_share_of_the_images() -> None:
    reading = CascadeReading(0.0, 0.0, np.array([1] * 90 + [2] * 9 + [4]))
    assert [reading.members_sufficing(share) for share in (0.5, 0.9, 0.91, 0.99, 1.0)] == [
        *(1, 1, 2, 2, 4),
    ]
