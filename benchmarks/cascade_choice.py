"""Simulate how far a cascade's told error is from the truth, by how its threshold was chosen.

`python -m benchmarks.cascade_choice` prints the table of docs/cascades.md; the same arguments give
the same numbers. A population of images is drawn, with an ensemble whose members share much of what
they err on; a study sees some of the images. It chooses a threshold, and tells by how many points
the cascade errs more than the whole ensemble, on its images. The truth is that excess over the
whole population at the very thresholds that were told of: of cross-fitting, the mean over folds.
The bias is told less true: below 0 it is optimism.

Dimensions: k members, N images of the population, C classes.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.config.amounts import argument, parse_count
from ensemble_switchover.measurement.cascade.answers import answers_in_orders
from ensemble_switchover.measurement.cascade.exit_rules import (
    CHEAP_POINTS,
    WHOLE_ENSEMBLE,
    members_asked,
)
from ensemble_switchover.measurement.cascade.threshold_choice import (
    cheapest_threshold,
    cross_fit,
    split_folds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.measurement.cascade.answers import CascadeAnswers

K, NUM_CLASSES = 4, 10
POPULATION = 200_000
"""Images of the population."""
SIZES = (300, 747, 1497, 10_000)
"""Test images of a study: that of the digits, of the demo, and of CIFAR-10 among them."""


class Population:
    """What an ensemble answers on every image, and what its cascades truly do."""

    def __init__(self, num_images: int = POPULATION, seed: int = 0) -> None:
        """Draw the images.

        Args:
            num_images: N.
            seed: Seed of the draw.
        """
        self.answers = _draw_answers(num_images, seed)
        scores, errors = self.scores, self.errors
        at = np.maximum.accumulate(scores[:-1], axis=0).ravel()
        rising = np.argsort(at, kind="stable")
        changes = (errors[1:].astype(np.int64) - errors[:-1]).ravel()[rising]
        self._at = at[rising].astype(np.float64)
        self._errors = errors[0].sum() + np.append(0, np.cumsum(changes))

    @property
    def scores(self) -> NDArray[np.float32]:
        """(k, N) largest mean probability after each member."""
        return self.answers.scores["confidence"]

    @property
    def errors(self) -> NDArray[np.bool_]:
        """(k, N) whether the mean so far errs."""
        return self.answers.errors

    @property
    def error_percent(self) -> list[float]:
        """True error after each member."""
        return [100.0 * float(errors.mean()) for errors in self.errors]

    def excess(self, threshold: float) -> float:
        """Return by how many points the cascade truly errs more than the whole ensemble."""
        at_threshold = self._errors[np.searchsorted(self._at, threshold, side="left")]
        return 100.0 * float(at_threshold - self._errors[-1]) / self.answers.num_images

    def members(self, threshold: float) -> float:
        """Return the true mean number of members asked."""
        going_on = np.searchsorted(self._at, threshold, side="left")
        return 1.0 + float(going_on) / self.answers.num_images


def _draw_answers(num_images: int, seed: int) -> CascadeAnswers:
    """Draw members that err on 5 to 6 % of the images, and together on about 4 %."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, NUM_CLASSES, num_images)
    logits = generator.normal(size=(K, num_images, NUM_CLASSES)).astype(np.float32)
    logits += 1.2 * generator.normal(size=(1, num_images, NUM_CLASSES)).astype(np.float32)
    logits[:, np.arange(num_images), labels] += generator.gamma(6.0, 1.3, num_images)
    logits *= 1.5
    logits -= logits.max(axis=2, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=2, keepdims=True))
    return answers_in_orders(logits, labels, [range(K)])[0]


def lowest_dip(scores: NDArray[np.float32], errors: NDArray[np.bool_]) -> float:
    """Return the lowest threshold at which a cascade errs little more, whatever higher ones do."""
    at = np.maximum.accumulate(scores[:-1], axis=0).ravel()
    rising = np.argsort(at, kind="stable")
    changes = (errors[1:].astype(np.int64) - errors[:-1]).ravel()[rising]
    counts = errors[0].sum() + np.append(0, np.cumsum(changes))
    ends = np.append(0, 1 + np.flatnonzero(np.diff(at[rising], append=np.inf) > 0))
    limit = errors[-1].sum() + CHEAP_POINTS / 100.0 * errors.shape[1] + 1e-9
    end = int(ends[np.flatnonzero(counts[ends] <= limit)[0]])
    if end == 0:
        return 0.0
    return WHOLE_ENSEMBLE if end == len(at) else float(at[rising][end])


@dataclass(frozen=True, slots=True)
class ToldAndTrue:
    """What studies told of their cascades, and the truth."""

    told_points: NDArray[np.float64]
    """(studies,) told error of the cascade less that of the whole ensemble."""
    true_points: NDArray[np.float64]
    """(studies,) the same in the population, at the thresholds that were told of."""
    told_members: NDArray[np.float64]
    true_members: NDArray[np.float64]

    @property
    def bias(self) -> tuple[float, float]:
        """Mean of told less true error, in points, and its standard error."""
        difference = self.told_points - self.true_points
        return float(difference.mean()), float(difference.std(ddof=1)) / math.sqrt(len(difference))


@dataclass(frozen=True, slots=True)
class ChosenThresholds:
    """What a study chose."""

    told_of: Sequence[float]
    """The thresholds whose error it tells, of equal weight."""
    of_images: float | NDArray[np.float64]
    """Of all its images, or of each."""


def on_the_same(scores: NDArray[np.float32], errors: NDArray[np.bool_]) -> ChosenThresholds:
    """Choose on the images that the error is told of."""
    threshold = cheapest_threshold(scores, errors)
    return ChosenThresholds([threshold], threshold)


def dip_on_the_same(scores: NDArray[np.float32], errors: NDArray[np.bool_]) -> ChosenThresholds:
    """Choose the lowest dip on the images that the error is told of."""
    threshold = lowest_dip(scores, errors)
    return ChosenThresholds([threshold], threshold)


def in_folds(scores: NDArray[np.float32], errors: NDArray[np.bool_]) -> ChosenThresholds:
    """Cross-fit, as a run does."""
    choice = cross_fit(scores, errors, split_folds(errors.shape[1]))
    return ChosenThresholds(choice.fold_thresholds, choice.of_images)


def dip_in_folds(scores: NDArray[np.float32], errors: NDArray[np.bool_]) -> ChosenThresholds:
    """Cross-fit the lowest dip."""
    of_images, found = np.empty(errors.shape[1]), []
    for fold in split_folds(errors.shape[1]):
        fits = np.ones(errors.shape[1], dtype=np.bool_)
        fits[fold] = False
        found.append(lowest_dip(scores[:, fits], errors[:, fits]))
        of_images[fold] = found[-1]
    return ChosenThresholds(found, of_images)


CHOICES: dict[str, Callable[[NDArray[np.float32], NDArray[np.bool_]], ChosenThresholds]] = {
    "lowest dip, told of the same images": dip_on_the_same,
    "lowest from which on, told of the same images": on_the_same,
    "lowest dip, cross-fitted": dip_in_folds,
    "**lowest from which on, cross-fitted (a run's)**": in_folds,
}
"""Name -> the choice of thresholds."""


def simulate(
    population: Population,
    choose: Callable[[NDArray[np.float32], NDArray[np.bool_]], ChosenThresholds],
    num_images: int,
    num_studies: int,
) -> ToldAndTrue:
    """Draw studies, and compare what each tells with the population.

    Args:
        population: Images are drawn from it, none twice in a study.
        choose: The choice of thresholds.
        num_images: Images of a study.
        num_studies: Number of studies; equal ones are drawn for every choice.
    """
    generator = np.random.default_rng((num_images, num_studies))
    rows = []
    for _ in range(num_studies):
        drawn = generator.choice(population.errors.shape[1], num_images, replace=False)
        scores, errors = population.scores[:, drawn], population.errors[:, drawn]
        chosen = choose(scores, errors)
        asked = members_asked(scores, chosen.of_images)
        told = 100.0 * (errors[asked - 1, np.arange(num_images)].mean() - errors[-1].mean())
        rows.append(
            (
                told,
                np.mean([population.excess(threshold) for threshold in chosen.told_of]),
                asked.mean(),
                np.mean([population.members(threshold) for threshold in chosen.told_of]),
            )
        )
    return ToldAndTrue(*np.array(rows).T)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cascade_choice")
    parser.add_argument("--simulations", type=argument(parse_count), default=2_000, metavar="N")
    given = parser.parse_args(arguments)
    population = Population()
    errors = ", ".join(f"{error:.2f}" for error in population.error_percent)
    print(f"True error after each of {K} members: {errors} %\n")
    print("| images | choice of the threshold | told, points | true | bias | members asked |")
    print("|---|---|---|---|---|---|")
    for num_images in SIZES:
        for name, choose in CHOICES.items():
            found = simulate(population, choose, num_images, given.simulations)
            bias, error = found.bias
            print(
                f"| {num_images:,} | {name} | {found.told_points.mean():+.3f} | "
                f"{found.true_points.mean():+.3f} | {bias:+.3f} ± {error:.3f} | "
                f"{found.true_members.mean():.2f} |"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
