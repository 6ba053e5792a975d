"""Pictures of a few points, compared with values computed by hand."""

import numpy as np

from ensemble_switchover.data.sources.fractals.picture import (
    MARGIN,
    SIDE,
    counts_of,
    filling_rates,
    paint,
    pixels_of,
    rotated,
)

CORNERS = np.array([[[0, 0], [1, 0], [0, 2]]], dtype=np.float32)


def test_points_fill_the_longer_side_and_keep_their_proportions():
    rows, columns = np.divmod(pixels_of(CORNERS)[0], SIDE)
    assert rows[0] - rows[2] in (SIDE - 2 * MARGIN, SIDE - 2 * MARGIN - 1)  # up is up
    assert columns[1] - columns[0] == (SIDE - 2 * MARGIN) // 2
    assert rows[0] == rows[1]
    assert columns[0] == columns[2]


def test_a_single_point_lies_in_the_middle():
    points = np.full((1, 5, 2), 7.5, dtype=np.float32)
    assert set(pixels_of(points)[0]) == {(SIDE // 2 - 1) * SIDE + SIDE // 2}


def test_a_quarter_turn_is_counter_clockwise():
    turned = rotated(CORNERS, np.array([90.0]))
    np.testing.assert_allclose(turned, [[[0, 0], [0, 1], [-2, 0]]], atol=1e-6)


def test_counts_and_filling_are_numpys():
    pixels = np.random.default_rng(0).integers(0, SIDE**2, (3, 500))
    counts = counts_of(pixels)
    for found, own in zip(counts, pixels, strict=True):
        np.testing.assert_array_equal(found, np.bincount(own, minlength=SIDE**2))
    np.testing.assert_allclose(filling_rates(pixels), (counts > 0).mean(axis=1))


def test_pixels_have_the_mean_colour_of_their_points():
    pixels = np.array([[5, 5, 40, 5]])
    chosen = np.array([[0, 1, 1, 0]])
    colours = np.array([[[1.0, 0, 0], [0, 1, 0.5]]])
    picture = paint(pixels, chosen, colours, np.array([[0.2, 0.2, 0.2]])).reshape(3, -1)
    np.testing.assert_allclose(picture[:, 5], [2 / 3, 1 / 3, 1 / 6], rtol=1e-6)
    cover = np.log(2) / np.log(4)
    expected = [0.2 + cover * (level - 0.2) for level in (0, 1, 0.5)]
    np.testing.assert_allclose(picture[:, 40], expected, rtol=1e-6)
    np.testing.assert_allclose(picture[:, 0], 0.2, rtol=1e-6)
