"""Images reduced to means over areas, beside a plain loop and torch."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import numpy as np
import pytest
import torch

from ensemble_switchover.data import area_means as area_means_module
from ensemble_switchover.data.area_means import area_means, overlaps


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def by_enlarging(image: np.ndarray, side: int) -> np.ndarray:
    """Enlarge an image (S, S) until both sides divide it, and round the mean of every block."""
    large = lcm(len(image), side)
    enlarged = np.kron(image.astype(int), np.ones((large // len(image),) * 2, dtype=int))
    block = large // side
    means = np.empty((side, side), dtype=np.uint8)
    for row in range(side):
        for column in range(side):
            part = enlarged[row * block : (row + 1) * block, column * block : (column + 1) * block]
            means[row, column] = round(Fraction(int(part.sum()), block**2))
    return means


@pytest.mark.parametrize(
    ("side", "reduced"), [(28, 12), (28, 14), (32, 24), (8, 3), (5, 4), (7, 1)]
)
def test_every_pixel_is_the_rounded_mean_of_what_it_covers(side, reduced):
    images = noise(3, 2, side, side)
    found = area_means(images, reduced)
    assert found.dtype == np.uint8
    expected = [[by_enlarging(channel, reduced) for channel in image] for image in images]
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(("side", "reduced"), [(28, 14), (28, 7), (32, 8), (64, 16)])
def test_torch_averages_whole_numbers_of_pixels_alike(side, reduced):
    images = noise(5, 3, side, side)
    means = torch.nn.functional.interpolate(
        torch.from_numpy(images).double(), size=(reduced, reduced), mode="area"
    )
    assert np.array_equal(area_means(images, reduced), means.round().to(torch.uint8).numpy())


def test_equal_sides_change_nothing_and_a_constant_stays():
    images = noise(2, 1, 9, 9)
    assert np.array_equal(area_means(images, 9), images)
    for value in (0, 1, 127, 255):
        constant = np.full((2, 3, 31, 31), value, dtype=np.uint8)
        for side in (30, 17, 2):
            assert (area_means(constant, side) == value).all()


def test_chunks_are_as_good_as_all_at_once(monkeypatch):
    images = noise(23, 3, 10, 10)
    whole = area_means(images, 7)
    monkeypatch.setattr(area_means_module, "CHUNK_VALUES", 1500)  # 5 images, and 3 at last
    assert np.array_equal(area_means(images, 7), whole)
    assert area_means(images[:0], 7).shape == (0, 3, 7, 7)


def test_no_pixel_is_lost_or_counted_twice():
    weights = overlaps(28, 12)
    assert weights.shape == (12, 28)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights.sum(axis=0) == 3).all()
