"""Against loops in double precision, torchmetrics and scikit-learn."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from torchmetrics.functional.classification import multiclass_calibration_error

from ensemble_switchover.measurement.quality.calibration import (
    adaptive_calibration_error,
    expected_calibration_error,
)


def drawn(num_images=301, seed=0, saturated=0.0):
    generator = np.random.default_rng(seed)
    confidences = generator.beta(4, 1, num_images).astype(np.float32)
    confidences[generator.random(num_images) < saturated] = 1.0
    return confidences, generator.random(num_images) < confidences**2


def by_loop(confidences, right, num_bins):
    """Bin m of M takes ((m - 1) / M, m / M], by comparisons of its own."""
    total = 0.0
    for number in range(num_bins):
        inside = [
            (float(c), bool(r))
            for c, r in zip(confidences, right, strict=True)
            if number / num_bins < float(c) <= (number + 1) / num_bins
        ]
        if inside:
            confidence = math.fsum(c for c, _ in inside) / len(inside)
            accuracy = sum(r for _, r in inside) / len(inside)
            total += len(inside) / len(confidences) * abs(accuracy - confidence)
    return total


def test_a_confidence_of_exactly_1_is_in_the_last_bin():
    """The example of the fault: a bin of its own would make it 0.525."""
    confidences, right = np.array([0.95, 1.0], np.float32), np.array([True, False])
    assert expected_calibration_error(confidences, right) == pytest.approx(0.475)
    probabilities = torch.tensor([[0.95, 0.05], [1.0, 0.0]])
    faulty = multiclass_calibration_error(probabilities, torch.tensor([0, 1]), 2, n_bins=15)
    assert faulty.item() == pytest.approx(0.525), "torchmetrics is mended: say so in the docs"


@pytest.mark.parametrize("num_bins", [1, 2, 10, 15])
@pytest.mark.parametrize("saturated", [0.0, 0.3, 1.0])
def test_bins_of_equal_width(num_bins, saturated):
    confidences, right = drawn(saturated=saturated)
    expected = by_loop(confidences, right, num_bins)
    assert expected_calibration_error(confidences, right, num_bins) == pytest.approx(expected)


@pytest.mark.parametrize("num_classes", [2, 7])
def test_it_is_that_of_torchmetrics_where_no_confidence_is_1(num_classes):
    generator = torch.Generator().manual_seed(num_classes)
    probabilities = torch.randn(400, num_classes, generator=generator).mul(2).softmax(dim=-1)
    labels = torch.randint(0, num_classes, (400,), generator=generator)
    confidences, answers = probabilities.max(dim=-1)
    assert confidences.max() < 1
    expected = multiclass_calibration_error(probabilities, labels, num_classes, n_bins=15)
    found = expected_calibration_error(confidences.numpy(), (answers == labels).numpy())
    assert found == pytest.approx(expected.item(), abs=1e-6)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    confidences = np.array([0.5, 0.5 + 2**-20, 0.25])
    right = np.array([True, False, False])
    # bins of two: 0.5 and 0.25 below, the other above
    expected = (abs(0.5 - 1 + 0.25) + (0.5 + 2**-20)) / 3
    assert expected_calibration_error(confidences, right, 2) == pytest.approx(expected)


def test_a_sum_that_is_rounded_above_1_is_in_the_last_bin():
    above = np.nextafter(np.float32(1), np.float32(2), dtype=np.float32)
    assert expected_calibration_error(np.array([above]), np.array([True])) < 1e-6


def test_what_is_no_number_gives_none():
    confidences, right = np.array([np.nan, 0.9]), np.array([True, False])
    assert math.isnan(expected_calibration_error(confidences, right))
    assert math.isnan(adaptive_calibration_error(confidences, right))


@pytest.mark.parametrize(("num_images", "num_bins"), [(300, 15), (300, 1), (40, 4)])
def test_bins_of_equal_mass_are_those_of_scikit_learn(num_images, num_bins):
    confidences, right = drawn(num_images)
    assert len(np.unique(confidences)) == num_images
    # scikit-learn leaves out how many images a bin has: here all have equally many
    shares, means = calibration_curve(
        right, confidences.astype(np.float64), n_bins=num_bins, strategy="quantile"
    )
    expected = np.abs(shares - means).mean()
    assert adaptive_calibration_error(confidences, right, num_bins) == pytest.approx(expected)


def test_sizes_of_bins_differ_by_one_at_most():
    confidences, right = drawn(47)
    order = np.argsort(confidences)
    gaps = confidences.astype(np.float64)[order] - right[order]
    for num_bins in (3, 15, 46, 47):
        starts = [number * 47 // num_bins for number in range(num_bins)] + [47]
        sizes = np.diff(starts)
        assert sizes.max() - sizes.min() <= 1
        expected = sum(abs(math.fsum(gaps[first:end])) for first, end in pairwise(starts))
        found = adaptive_calibration_error(confidences, right, num_bins)
        assert found == pytest.approx(expected / 47)


@pytest.mark.parametrize("measure", [adaptive_calibration_error, expected_calibration_error])
def test_the_order_of_images_does_not_matter(measure):
    confidences, right = drawn(200, saturated=0.6)
    expected = measure(confidences, right)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(200)
        assert measure(confidences[order], right[order]) == pytest.approx(expected, abs=1e-12)


def test_fewer_images_than_bins_are_a_bin_each():
    confidences, right = np.array([0.9, 0.6]), np.array([True, False])
    assert adaptive_calibration_error(confidences, right) == pytest.approx((0.1 + 0.6) / 2)
