"""Stratified subsets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.config.dataset_spec import SplitSizes
from ensemble_switchover.config.split import stratified_subset, used_indices
from ensemble_switchover.errors import DataError


@st.composite
def pools(draw):
    """Draw shuffled labels of 1 to 6 classes, and a size with room for every class."""
    counts = draw(st.lists(st.integers(1, 40), min_size=1, max_size=6))
    labels = np.repeat(np.arange(len(counts)), counts)
    np.random.default_rng(draw(st.integers(0, 99))).shuffle(labels)
    return labels, draw(st.integers(len(counts), len(labels)))


@settings(max_examples=80, deadline=None)
@given(pools(), st.integers(0, 10))
def test_a_subset_holds_its_size_of_distinct_images_of_every_class(pool, seed):
    labels, size = pool
    chosen = stratified_subset(labels, size, seed)
    assert len(chosen) == size
    assert list(chosen) == sorted(set(chosen))
    assert chosen[0] >= 0
    assert chosen[-1] < len(labels)
    assert set(labels[chosen]) == set(labels)


@settings(max_examples=80, deadline=None)
@given(pools(), st.integers(0, 10))
def test_classes_keep_their_proportions(pool, seed):
    labels, size = pool
    shares = np.bincount(labels[stratified_subset(labels, size, seed)])
    exact = np.bincount(labels) * size / len(labels)
    if exact.min() >= 1:  # else the least classes are given an image at the others' cost
        assert np.abs(shares - exact).max() < 1


def test_proportions_by_hand():
    labels = np.array([0] * 70 + [1] * 20 + [2] * 10)
    assert list(np.bincount(labels[stratified_subset(labels, 50, 0)])) == [35, 10, 5]
    # 3.5, 1 and 0.5: the last class has at least one image
    assert list(np.bincount(labels[stratified_subset(labels, 5, 0)])) == [3, 1, 1]


def test_the_seed_decides_and_nothing_else():
    labels = np.arange(200) % 10
    first = stratified_subset(labels, 50, 3)
    np.random.seed(1)
    assert np.array_equal(first, stratified_subset(labels, 50, 3))
    assert not np.array_equal(first, stratified_subset(labels, 50, 4))


def test_every_image_has_its_chance():
    labels = np.repeat([0, 1], 10)
    seen = {index for seed in range(60) for index in stratified_subset(labels, 6, seed)}
    assert seen == set(range(20))


@settings(max_examples=40, deadline=None)
@given(pools(), st.data())
def test_excluded_images_are_never_chosen(pool, data):
    labels, size = pool
    excluded = stratified_subset(labels, size, 0)
    left = len(labels) - size
    remaining = np.setdiff1d(np.arange(len(labels)), excluded)
    classes = len(np.unique(labels[remaining]))
    wanted = data.draw(st.integers(min(classes, left), left))
    chosen = stratified_subset(labels, wanted, 0, excluded=excluded)
    assert len(set(chosen)) == wanted
    assert set(chosen) <= set(remaining)
    if wanted == left:
        assert np.array_equal(chosen, remaining)


def test_more_images_than_there_are_is_an_error():
    with pytest.raises(DataError, match="subset of 8 images: there are only 7"):
        stratified_subset(np.zeros(10, dtype=int), 8, 0, excluded=np.array([0, 1, 2]))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_class_keeps_an_image_in_each_part(data):
    pooled, validates = data.draw(st.booleans()), data.draw(st.booleans())
    num_parts = 1 + pooled + validates
    counts = data.draw(st.lists(st.integers(num_parts, 12), min_size=2, max_size=6))
    labels, num_classes = np.repeat(np.arange(len(counts)), counts), len(counts)
    free = len(labels) - num_parts * num_classes
    extra = data.draw(st.lists(st.integers(0, free // num_parts), min_size=3, max_size=3))
    sizes = SplitSizes(
        train=num_classes + extra[0],
        validation=(num_classes + extra[1]) * validates,
        test=num_classes + extra[2] * pooled,
    )
    other = np.arange(num_classes)
    used = used_indices(labels, other, sizes, data.draw(st.integers(0, 5)), pooled=pooled)
    every = set(range(num_classes))
    assert len(used.train) == sizes.train
    assert len(used.validation) == sizes.validation
    assert len(used.test) == sizes.test
    assert set(labels[used.train]) == every
    assert not validates or set(labels[used.validation]) == every
    assert set((labels if pooled else other)[used.test]) == every
    drawn = [used.train, used.validation, *([used.test] if pooled else [])]
    assert len(np.unique(np.concatenate(drawn))) == sum(map(len, drawn))


def test_a_rare_class_is_not_chosen_away():
    labels = np.array([0] * 98 + [1] * 2)
    assert list(np.bincount(labels[stratified_subset(labels, 98, 0)])) == [96, 2]
    assert list(np.bincount(labels[stratified_subset(labels, 98, 0, leave=1)])) == [97, 1]
    assert list(np.bincount(labels[stratified_subset(labels, 20, 0, least=2)])) == [18, 2]
