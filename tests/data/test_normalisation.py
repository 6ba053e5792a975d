"""Means and deviations from pixel sums, compared with numpy's."""

import numpy as np

from ensemble_switchover.data.normalisation import mean_and_deviation, pixel_moments


def random_images():
    return np.random.default_rng(0).integers(0, 256, (30, 3, 5, 4), dtype=np.uint8)


def test_moments_give_numpys_statistics_of_any_subset():
    images = random_images()
    for chosen in (np.arange(30), np.array([1, 5, 6]), np.array([7])):
        pixels = images[chosen] / 255
        mean, deviation = mean_and_deviation(pixel_moments(images)[chosen], 20)
        np.testing.assert_allclose(mean, pixels.mean(axis=(0, 2, 3)), rtol=1e-13)
        np.testing.assert_allclose(deviation, pixels.std(axis=(0, 2, 3)), rtol=1e-12)


def test_moments_do_not_overflow_and_chunks_do_not_matter(monkeypatch):
    white = np.full((3, 2, 64, 64), 255, dtype=np.uint8)
    assert (pixel_moments(white) == np.array([255, 255**2])[None, :, None] * 64 * 64).all()
    images = random_images()
    whole = pixel_moments(images)
    monkeypatch.setattr("ensemble_switchover.data.normalisation.CHUNK_BYTES", 200)
    assert np.array_equal(pixel_moments(images), whole)
