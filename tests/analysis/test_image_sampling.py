"""The interval over runs and images, against a model with a known truth and a bootstrap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import norm, ttest_ind

from ensemble_switchover.analysis.image_sampling import compare_crossed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.image_sampling import CrossedDifference

NUM_IMAGES = 300
NUM_STUDIES = 600
LIMITS = {"first": 1.2, "second": 0.9}
"""A run errs on an image where luck, image and run together exceed this."""
SPREADS = {"image": 0.8, "image for the design": 0.5, "run": 0.06, "both": 0.6}


def true_mean(design: str) -> float:
    """Return the mean error in percent over all runs and all images that there could be."""
    spread = math.sqrt(sum(value**2 for value in SPREADS.values()))
    return 100.0 * float(norm.sf(LIMITS[design] / spread))


def draw_study(
    generator: np.random.Generator, num_first: int, num_second: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw the errors of the runs of two designs on the same images, `(n, N)` each."""
    image = SPREADS["image"] * generator.normal(size=NUM_IMAGES)
    drawn = []
    for design, number in (("first", num_first), ("second", num_second)):
        own = SPREADS["image for the design"] * generator.normal(size=NUM_IMAGES)
        run = SPREADS["run"] * generator.normal(size=(number, 1))
        both = SPREADS["both"] * generator.normal(size=(number, NUM_IMAGES))
        drawn.append(image + own + run + both > LIMITS[design])
    return drawn[0], drawn[1]


def compare_studies(num_first: int, num_second: int) -> Iterator[CrossedDifference]:
    generator = np.random.default_rng(1789)
    for _ in range(NUM_STUDIES):
        found = compare_crossed(*draw_study(generator, num_first, num_second))
        assert found is not None
        yield found


@pytest.mark.parametrize(("num_first", "num_second"), [(4, 4), (3, 10)])
def test_the_interval_holds_the_difference_over_all_images_as_often_as_it_says(
    num_first: int, num_second: int
) -> None:
    truth = true_mean("first") - true_mean("second")
    intervals = [found.interval(0.9) for found in compare_studies(num_first, num_second)]
    held = sum(interval.lower <= truth <= interval.upper for interval in intervals)
    assert 0.88 <= held / NUM_STUDIES <= 0.93


def test_an_interval_over_runs_alone_holds_it_too_rarely() -> None:
    truth = true_mean("first") - true_mean("second")
    generator = np.random.default_rng(1790)
    held = 0
    for _ in range(NUM_STUDIES):
        means = [100.0 * errors.mean(axis=1) for errors in draw_study(generator, 8, 8)]
        given_images = ttest_ind(*means, equal_var=False).confidence_interval(0.9)
        held += given_images.low <= truth <= given_images.high
    assert held / NUM_STUDIES < 0.8


def test_the_variance_is_right_in_the_mean_and_its_parts_are_what_they_say() -> None:
    found = list(compare_studies(4, 5))
    variance = np.mean([f.standard_error**2 for f in found])
    # A sample variance of 600 has a relative standard error of 6 %.
    assert variance == pytest.approx(np.var([f.mean for f in found], ddof=1), rel=0.15)
    # The share of all runs that err on an image follows from the image's two effects.
    generator = np.random.default_rng(3)
    of_a_run = math.hypot(SPREADS["run"], SPREADS["both"])
    image = SPREADS["image"] * generator.normal(size=200_000)
    shares = [
        norm.sf((limit - image - SPREADS["image for the design"] * own) / of_a_run)
        for limit, own in zip(LIMITS.values(), generator.normal(size=(2, 200_000)), strict=True)
    ]
    of_images = np.var(100.0 * (shares[0] - shares[1])) / NUM_IMAGES
    measured = np.mean([f.images_standard_error**2 for f in found])
    assert measured == pytest.approx(of_images, rel=0.05)


def test_the_parts_of_the_runs_are_those_of_welch() -> None:
    first, second = draw_study(np.random.default_rng(5), 4, 7)
    found = compare_crossed(first, second)
    assert found is not None
    means = 100.0 * first.mean(axis=1), 100.0 * second.mean(axis=1)
    welch = ttest_ind(*means, equal_var=False)
    assert found.mean / found.runs_standard_error == pytest.approx(welch.statistic)
    assert found.num_samples == 4
    assert found.num_images == NUM_IMAGES


def test_without_an_effect_of_the_images_it_is_the_variance_of_welch() -> None:
    """Runs err on images at random, so the images add nothing but chance."""
    generator = np.random.default_rng(8)
    ratios = []
    for _ in range(NUM_STUDIES):
        lucky = generator.random((2, 5, NUM_IMAGES)) < 0.1
        found = compare_crossed(lucky[0], lucky[1])
        assert found is not None
        assert found.standard_error >= found.runs_standard_error
        ratios.append(found.standard_error / found.runs_standard_error)
    assert np.median(ratios) == pytest.approx(1.0, abs=0.02)


def test_it_agrees_with_a_bootstrap_that_draws_runs_and_images() -> None:
    """The pigeonhole bootstrap's variance is known from the parts, which are computed here anew.

    A draw with replacement of n values has `(n - 1) / n` of the sample variance, and what runs and
    images do only together counts three times.
    """
    generator = np.random.default_rng(11)
    designs = draw_study(generator, 5, 6)
    found = compare_crossed(*designs)
    assert found is not None
    drawn = []
    for _ in range(4000):
        images = generator.integers(NUM_IMAGES, size=NUM_IMAGES)
        means = []
        for errors in designs:
            runs = generator.integers(len(errors), size=len(errors))
            means.append(100.0 * errors[np.ix_(runs, images)].mean())
        drawn.append(means[0] - means[1])
    interactions, of_runs = [], []
    for errors in designs:
        number = len(errors)
        table = 100.0 * errors.astype(float)
        own = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
        interactions.append(np.square(own).sum() / ((number - 1) * (NUM_IMAGES - 1)) / table.size)
        of_runs.append(table.mean(axis=1).var(ddof=1) / number)
    expected = sum(
        (len(e) - 1) / len(e) * (runs + interaction)
        for e, runs, interaction in zip(designs, of_runs, interactions, strict=True)
    )
    expected += found.images_standard_error**2 + sum(interactions)
    assert np.var(drawn) == pytest.approx(expected, rel=0.08)
    assert np.std(drawn) == pytest.approx(found.standard_error, rel=0.25)


def test_nothing_is_said_of_too_few_runs_or_runs_that_do_not_vary() -> None:
    errors, others = draw_study(np.random.default_rng(2), 4, 4)
    assert compare_crossed(errors[:2], others) is None
    assert compare_crossed(errors[:, :1], others[:, :1]) is None
    same = np.repeat(errors[:1], 3, axis=0)
    assert compare_crossed(same, same) is None
    with pytest.raises(ValueError, match="the same images"):
        compare_crossed(errors, others[:, 1:])
