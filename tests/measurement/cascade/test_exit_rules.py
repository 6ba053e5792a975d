"""Scores and numbers of members against a loop over images."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.measurement.cascade.exit_rules import (
    EXIT_RULES,
    WHOLE_ENSEMBLE,
    members_asked,
    require_order,
)
from tests.measurement.cascade.brute_force import ask_members, draw_logs, exit_scores


@pytest.mark.parametrize("rule", EXIT_RULES)
@pytest.mark.parametrize("num_classes", [1, 2, 7])
def test_a_loop_over_images_asks_the_same_members(rule, num_classes: int) -> None:
    logs, _ = draw_logs(4, 200, num_classes)
    probabilities, order = np.exp(logs), [2, 0, 3, 1]
    scores = exit_scores(probabilities, order, rule)
    for threshold in (0.0, 0.31, 0.77, float(scores[1, 5]), 1.0, WHOLE_ENSEMBLE):
        asked = [ask_members(probabilities[:, n], order, rule, threshold)[0] for n in range(200)]
        assert members_asked(scores, threshold).tolist() == asked


@pytest.mark.parametrize("rule", EXIT_RULES)
def test_at_0_the_first_member_answers_and_above_1_all_do(rule) -> None:
    logs, _ = draw_logs(3, 50, 4)
    scores = exit_scores(np.exp(logs), [0, 1, 2], rule)
    assert set(members_asked(scores, 0.0)) == {1}
    assert set(members_asked(scores, 1.001)) == {3}
    assert set(members_asked(scores, WHOLE_ENSEMBLE)) == {3}


def test_a_score_equal_to_the_threshold_is_enough_and_one_just_below_is_not() -> None:
    score = np.float32(0.9)
    scores = np.array([[score, np.nextafter(score, np.float32(0.0))], [1.0, 1.0]], np.float32)
    assert members_asked(scores, float(score)).tolist() == [1, 2]
    # between two neighbours of single precision there are thresholds of double precision
    assert members_asked(scores, float(score) - 1e-9).tolist() == [1, 2]


def test_tied_classes_have_no_margin_and_saturated_ones_a_full_one() -> None:
    probabilities = np.array([[[0.4, 0.4, 0.2], [1.0, 0.0, 0.0]]], dtype=np.float32)
    assert exit_scores(probabilities, [0], "margin")[0].tolist() == [0.0, 1.0]
    assert members_asked(exit_scores(probabilities, [0], "margin"), 2.0).tolist() == [1, 1]


def test_every_image_may_have_its_own_threshold() -> None:
    scores = np.array([[0.5, 0.5], [0.9, 0.9]], dtype=np.float32)
    assert members_asked(scores, np.array([0.4, 0.6])).tolist() == [1, 2]


def test_an_order_that_names_a_member_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"order: expected each of the members 0 to 1 once"):
        require_order([0, 0], 2)


@settings(max_examples=50, deadline=None)
@given(
    k=st.integers(1, 5),
    num_classes=st.integers(1, 5),
    seed=st.integers(0, 10_000),
    thresholds=st.lists(st.floats(0.0, 1.5), min_size=2, max_size=5),
    rule=st.sampled_from(EXIT_RULES),
    sharpness=st.sampled_from([0.0, 1.0, 500.0]),  # ties, and saturated probabilities
)
def test_a_higher_threshold_never_asks_fewer(
    k: int, num_classes: int, seed: int, thresholds: list[float], rule, sharpness: float
) -> None:
    logs, _ = draw_logs(k, 20, num_classes, seed, sharpness)
    order = np.random.default_rng(seed).permutation(k).tolist()
    probabilities = np.exp(logs)
    scores = exit_scores(probabilities, order, rule)
    asked = [members_asked(scores, threshold) for threshold in sorted(thresholds)]
    assert all((one <= other).all() for one, other in pairwise(asked))
    for threshold, numbers in zip(sorted(thresholds), asked, strict=True):
        loop = [ask_members(probabilities[:, n], order, rule, threshold)[0] for n in range(20)]
        assert numbers.tolist() == loop
