"""The cheapest threshold against a search of all, and cross-fitting against fits fold by fold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.measurement.cascade.answers import CascadeAnswers, answers_in_orders
from ensemble_switchover.measurement.cascade.cascade_reading import read_cascade
from ensemble_switchover.measurement.cascade.exit_rules import WHOLE_ENSEMBLE, members_asked
from ensemble_switchover.measurement.cascade.threshold_choice import (
    cheapest_threshold,
    cross_fit,
    split_folds,
)
from tests.measurement.cascade.brute_force import draw_logs


def _answers(k: int = 4, num_images: int = 150, seed: int = 0, **options) -> CascadeAnswers:
    logs, labels = draw_logs(k, num_images, 5, seed, **options)
    return answers_in_orders(logs, labels, [list(range(k))])[0]


def _search(answers: CascadeAnswers, points: float) -> int:
    """Return how many members the cheapest threshold asks in all, by trying every one.

    It is the lowest from which on none errs too often.
    """
    scores = answers.scores["confidence"]
    whole = answers.errors[-1].sum()
    asked = 0
    for threshold in (WHOLE_ENSEMBLE, *np.unique(scores)[::-1].tolist(), 0.0):
        members = members_asked(scores, threshold)
        errors = answers.errors[members - 1, np.arange(answers.num_images)].sum()
        if errors > whole + points / 100.0 * answers.num_images + 1e-9:
            break
        asked = int(members.sum())
    return asked


@settings(max_examples=60, deadline=None)
@given(
    k=st.integers(1, 5),
    num_images=st.integers(1, 40),
    seed=st.integers(0, 10_000),
    points=st.sampled_from([0.0, 0.1, 3.0, 10.0]),
    sharpness=st.sampled_from([0.0, 1.0, 500.0]),
)
def test_no_threshold_within_the_limit_is_cheaper(
    k: int, num_images: int, seed: int, points: float, sharpness: float
) -> None:
    answers = _answers(k, num_images, seed, sharpness=sharpness)
    scores = answers.scores["confidence"]
    threshold = cheapest_threshold(scores, answers.errors, points)
    assert int(members_asked(scores, threshold).sum()) == _search(answers, points)
    read = read_cascade(answers, "confidence", threshold)
    assert read.error_percent <= 100.0 * answers.errors[-1].mean() + points + 1e-6


def test_the_threshold_lies_midway_between_two_scores() -> None:
    answers = _answers(num_images=600, seed=3)
    scores = answers.scores["confidence"]
    threshold = cheapest_threshold(scores, answers.errors)
    assert 0.0 < threshold < 1.0
    reached = np.maximum.accumulate(scores[:-1])
    below, above = reached[reached < threshold].max(), reached[reached >= threshold].min()
    assert threshold == pytest.approx((float(below) + float(above)) / 2.0, rel=1e-6)
    assert threshold == float(np.float32(threshold))


def test_a_low_threshold_at_which_chance_has_the_error_low_is_not_taken() -> None:
    """The second image turns wrong, then the third right: below 0.5 the errors happen to be few."""
    scores = np.array([[0.4, 0.5, 0.6], [0.9, 0.9, 0.9]], dtype=np.float32)
    errors = np.array([[True, False, True], [False, True, False]])
    assert errors[-1].sum() == 1
    # errors at t = 0, beyond 0.4, beyond 0.5, beyond 0.6: 2, 1, 2, 1
    assert cheapest_threshold(scores, errors) == WHOLE_ENSEMBLE


def test_neighbouring_scores_are_told_apart() -> None:
    one = np.float32(1.0)
    scores = np.array([[one, np.nextafter(one, np.float32(0.0))], [1.0, 1.0]], dtype=np.float32)
    errors = np.array([[False, True], [False, False]])
    assert cheapest_threshold(scores, errors) == 1.0  # the second image goes on, the first not


def test_a_wrong_answer_of_full_confidence_needs_the_whole_ensemble() -> None:
    scores = np.ones((2, 10), dtype=np.float32)
    errors = np.zeros((2, 10), dtype=bool)
    errors[0, 3] = True
    assert cheapest_threshold(scores, errors) == WHOLE_ENSEMBLE
    assert cheapest_threshold(scores, errors, points=10.0) == 0.0


def test_a_single_member_is_asked_of_every_image() -> None:
    scores, errors = np.full((1, 6), 0.5, dtype=np.float32), np.ones((1, 6), dtype=bool)
    assert cheapest_threshold(scores, errors) == 0.0
    assert cross_fit(scores, errors, split_folds(6)).threshold == 0.0


def test_the_limit_is_a_number_of_images() -> None:
    """Of 1,497 images 0.1 points are one: 1 / 1497 is within, 2 / 1497 are not."""
    scores = np.linspace(0.1, 0.9, 1497, dtype=np.float32)[None].repeat(2, axis=0)
    errors = np.zeros((2, 1497), dtype=bool)
    errors[0, [100, 200]] = True  # by the first member alone
    threshold = cheapest_threshold(scores, errors)
    assert scores[0, 100] < threshold <= scores[0, 101]


def test_each_fold_is_read_with_the_threshold_of_the_others() -> None:
    answers = _answers(num_images=53)
    scores, errors = answers.scores["margin"], answers.errors
    folds = split_folds(53, 4)
    choice = cross_fit(scores, errors, folds)
    for fold, threshold in zip(folds, choice.fold_thresholds, strict=True):
        others = np.setdiff1d(np.arange(53), fold)
        assert threshold == cheapest_threshold(scores[:, others], errors[:, others])
        assert (choice.of_images[fold] == threshold).all()
    assert choice.threshold == cheapest_threshold(scores, errors)


def test_an_image_does_not_move_its_own_threshold() -> None:
    """Whatever an image's answers are, the threshold that it is read with stays."""
    answers = _answers(num_images=60)
    scores, folds = answers.scores["confidence"], split_folds(60)
    before = cross_fit(scores, answers.errors, folds)
    for image in (0, 17, 59):
        flipped = answers.errors.copy()
        flipped[:, image] = ~flipped[:, image]
        after = cross_fit(scores, flipped, folds)
        assert after.of_images[image] == before.of_images[image]


def test_folds_are_the_same_each_time_and_hold_every_image_once() -> None:
    folds = split_folds(103)
    assert [fold.tolist() for fold in folds] == [fold.tolist() for fold in split_folds(103)]
    assert sorted(np.concatenate(folds).tolist()) == list(range(103))
    assert {len(fold) for fold in folds} == {20, 21}


def test_a_single_image_is_read_with_the_whole_ensemble() -> None:
    answers = _answers(num_images=1)
    choice = cross_fit(answers.scores["margin"], answers.errors, split_folds(1))
    assert choice.of_images == [WHOLE_ENSEMBLE]
