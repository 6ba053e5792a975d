"""Ensembles re-assembled from pools, against plain loops and a simulation of many pools."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ensemble_switchover.analysis.pool import (
    choose_subsets,
    measure_ensembles,
    pool_difference,
    pool_interval,
)

LABELS = np.zeros(300, dtype=np.int64)


def make_pool(generator: np.random.Generator, num_members: int, skill: float = 0.5) -> np.ndarray:
    """Two-class members of unequal skill that err on the same hard images, `(M, N, 2)`."""
    hard = np.linspace(-1.0, 1.0, len(LABELS))
    of_the_member = generator.normal(0.0, 0.3, (num_members, 1))
    logit = skill + of_the_member + hard + 1.5 * generator.normal(size=(num_members, len(LABELS)))
    right = 1.0 / (1.0 + np.exp(-logit))
    return np.stack([right, 1.0 - right], axis=2)


def test_every_ensemble_is_that_of_a_plain_loop() -> None:
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.ones(3), (4, 50)).astype(np.float16)
    labels = generator.integers(0, 3, 50)
    subsets = choose_subsets(4, 2, generator)

    errors = measure_ensembles(probabilities, labels, subsets)

    assert [tuple(subset) for subset in subsets] == list(itertools.combinations(range(4), 2))
    for members, error in zip(subsets, errors, strict=True):
        wrong = 0
        for image in range(50):
            mean = [sum(float(probabilities[m, image, c]) for m in members) / 2 for c in range(3)]
            wrong += mean.index(max(mean)) != labels[image]
        assert error == pytest.approx(100 * wrong / 50)


def test_a_large_pool_is_drawn_from_without_repeating_a_member() -> None:
    subsets = choose_subsets(30, 4, np.random.default_rng(0), limit=500)

    assert subsets.shape == (500, 4)
    assert all(len(set(subset)) == 4 for subset in subsets.tolist())
    assert len({member for subset in subsets.tolist() for member in subset}) == 30


def test_single_networks_have_the_t_interval_of_their_own_errors() -> None:
    errors = np.array([10.0, 12.0, 11.0, 15.0])
    subsets = choose_subsets(4, 1, np.random.default_rng(0))

    interval = pool_interval(errors, subsets, 4)

    assert interval is not None
    half_width = 2.353363435 * errors.std(ddof=1) / math.sqrt(4)
    assert interval.mean == pytest.approx(12.0)
    assert interval.upper - interval.mean == pytest.approx(half_width)


@pytest.mark.parametrize(("num_members", "k"), [(8, 4), (12, 2)])
def test_the_interval_over_members_holds_the_truth_at_its_rate(num_members: int, k: int) -> None:
    generator = np.random.default_rng(7)
    many = make_pool(generator, 4000)
    truth = measure_ensembles(many, LABELS, np.arange(4000).reshape(-1, k)).mean()
    subsets = choose_subsets(num_members, k, generator, limit=70)
    hits = 0
    for _ in range(400):
        errors = measure_ensembles(make_pool(generator, num_members), LABELS, subsets)
        interval = pool_interval(errors, subsets, num_members)
        assert interval is not None
        hits += interval.lower <= truth <= interval.upper

    assert 0.86 <= hits / 400 <= 0.94


def test_a_better_ensemble_is_told_from_a_single_network() -> None:
    generator = np.random.default_rng(3)
    ensemble, single = make_pool(generator, 8, skill=2.0), make_pool(generator, 6)

    difference = pool_difference(ensemble, single, LABELS, k=4)
    same = pool_difference(single, make_pool(generator, 6), LABELS, k=1)

    assert difference is not None
    assert difference.upper < 0.0
    assert difference.num_samples == 6
    assert same is not None
    assert same.upper >= 0.0
    assert same.lower <= 0.0


def test_a_pool_of_one_ensemble_has_no_interval() -> None:
    generator = np.random.default_rng(0)

    assert pool_difference(make_pool(generator, 4), make_pool(generator, 4), LABELS, k=4) is None


def test_bad_pools_are_named() -> None:
    generator = np.random.default_rng(0)
    pool = make_pool(generator, 3)
    subsets = choose_subsets(3, 2, generator)

    with pytest.raises(ValueError, match="k=4: expected 1 to 3"):
        choose_subsets(3, 4, generator)
    with pytest.raises(ValueError, match=r"expected \(members, images, classes\)"):
        measure_ensembles(pool, LABELS[:-1], subsets)
    pool[1, 5, 0] = np.nan
    with pytest.raises(ValueError, match=r"members \[1\]: a probability is not finite"):
        measure_ensembles(pool, LABELS, subsets)


@pytest.mark.parametrize("num_images", [1497, 10_000, 333])
def test_members_that_err_alike_give_no_interval_by_rounding(num_images: int) -> None:
    """Every member errs on as many images, each on others, and no two together."""
    labels = np.zeros(num_images, dtype=np.int64)
    right = np.ones((5, num_images), dtype=bool)
    for member in range(5):
        right[member, 10 * member : 10 * member + 7] = False
    probabilities = np.stack([right, ~right], axis=2).astype(np.float16)

    assert pool_difference(probabilities, probabilities, labels, 1) is None
