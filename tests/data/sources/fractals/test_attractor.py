"""The chaos game on systems whose attractors are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.data.sources.fractals.attractor import (
    MAX_MAPS,
    MAX_STRETCH,
    NUM_WALKERS,
    FunctionSystems,
    chaos_game,
    make_contractive,
)

HALF = [0.5, 0, 0, 0.5]
SIERPINSKI = [[*HALF, 0, 0], [*HALF, 0.5, 0], [*HALF, 0, 0.5]]


def system(maps):
    padded = np.zeros((1, MAX_MAPS, 6), dtype=np.float32)
    padded[0, : len(maps)] = maps
    return FunctionSystems(padded, np.array([len(maps)]))


def test_no_point_leaves_the_sierpinski_triangle_and_all_of_it_is_reached():
    points, chosen = chaos_game(system(SIERPINSKI), 200, np.random.default_rng(0))
    assert points.shape == (1, 200 * NUM_WALKERS, 2)
    # in binary, no digit of x and y is 1 at the same place
    digits = (points[0] * 2**12).astype(np.int64).clip(0, 2**12 - 1)
    assert not (digits[:, 0] & digits[:, 1]).any()
    reached = np.unique(digits >> 9, axis=0)
    assert len(reached) == 3**3
    assert set(np.unique(chosen)) == {0, 1, 2}


def test_maps_are_taken_in_proportion_to_their_areas():
    maps = [[0.8, 0, 0, 0.5, 0, 0], [0.2, 0, 0, 0.5, 0.8, 0]]
    _, chosen = chaos_game(system(maps), 400, np.random.default_rng(0))
    assert (chosen == 0).mean() == pytest.approx(0.8, abs=0.01)


def test_the_returned_map_is_the_one_that_led_there():
    points, chosen = chaos_game(system(SIERPINSKI), 50, np.random.default_rng(1))
    x, y = points[0].T
    assert (x[chosen[0] == 1] >= 0.5).all()
    assert (y[chosen[0] == 2] >= 0.5).all()
    assert (np.maximum(x, y)[chosen[0] == 0] <= 0.5).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.floats(0.1, 5))
def test_contracted_maps_stretch_no_direction_too_far(seed, scale):
    maps = np.random.default_rng(seed).uniform(-scale, scale, (20, 6)).astype(np.float32)
    contracted = make_contractive(maps)
    norms = np.linalg.norm(contracted[:, :4].reshape(-1, 2, 2), ord=2, axis=(1, 2))
    assert (norms <= MAX_STRETCH * (1 + 1e-6)).all()
    before = np.linalg.norm(maps[:, :4].reshape(-1, 2, 2), ord=2, axis=(1, 2))
    kept = before < MAX_STRETCH
    np.testing.assert_array_equal(contracted[kept], maps[kept])
    np.testing.assert_array_equal(contracted[:, 4:], maps[:, 4:])
