"""Simulate what it costs to build the cheapest design within a margin of the lowest error.

`python -m benchmarks.short_list` prints the table of docs/explorer.md; the same arguments give the
same numbers. A study has nine designs, the dearest of up to 32 times the cost of the cheapest; the
true error falls with the logarithm of the cost. Measured are seeds on test images that all designs
share. The *loss* is the true error, over all images of the kind, of the design that is built, minus
that of the best design.

Dimensions: S studies, D designs, N seeds.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from benchmarks.planted_studies import SINGLE_DEVIATION
from ensemble_switchover.analysis.advice.short_list import LARGEST_MARGIN, default_margin
from ensemble_switchover.analysis.difference import compare_errors
from ensemble_switchover.config.amounts import argument, parse_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

NUM_DESIGNS = 9
COST_DOUBLINGS = 5.0
"""Doublings of the cost from the cheapest design to the dearest."""
SHARED_IMAGES = 0.6
"""Share of the variance over images that all designs have in common."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Studies of one kind; errors and deviations are in percentage points."""

    lowest: float
    """True error of the best designs."""
    span: float
    """By how much the cheapest designs err more."""
    deviation: float
    """Standard deviation over seeds."""
    num_images: int
    num_seeds: int


SITUATIONS = (
    Situation(25.0, 25.0, 1.5, 2000, 2),
    Situation(25.0, 25.0, 1.5, 2000, 3),
    Situation(25.0, 25.0, 1.5, 100, 3),
    Situation(25.0, 25.0, SINGLE_DEVIATION, 10_000, 5),
    Situation(3.0, 6.0, 0.6, 750, 3),
    Situation(0.5, 1.5, 0.1, 10_000, 2),
)


@dataclass(frozen=True, slots=True)
class Built:
    """What is built under one margin, as means over studies."""

    loss: float
    """Percentage points."""
    cost_ratio: float
    """Cost of what is built over that of the design with the lowest mean error (geometric)."""
    num_listed: float


def choose_margins(name: str, error: float, num_images: int) -> float:
    """Return a margin in percentage points by its name in the table."""
    share = error / 100.0
    images = 100.0 * float(np.sqrt(share * (1.0 - share) / num_images))
    margins = {
        "none": 0.0,
        "**default**": default_margin(error, num_images),
        "1 point": LARGEST_MARGIN,
        "the images' error": images,
    }
    return margins[name]


MARGINS = ("none", "**default**", "1 point", "the images' error")


def simulate(situation: Situation, num_studies: int) -> dict[str, Built]:
    """Build one design a study under every margin."""
    random = np.random.default_rng(num_studies)
    shape = num_studies, NUM_DESIGNS
    doublings = random.uniform(0.0, COST_DOUBLINGS, shape)
    excess = situation.span * (1.0 - doublings / COST_DOUBLINGS) ** 2
    truths = situation.lowest + excess + random.normal(0.0, situation.span / 8.0, shape)
    truths = np.clip(truths, 0.02, 99.0)
    measured = _measure(truths, situation, random)
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in MARGINS}
    for errors, truth, costs in zip(measured, truths, doublings, strict=True):
        means = errors.mean(axis=1)
        best = int(means.argmin())
        rivals = [d for d in range(NUM_DESIGNS) if d == best or not _is_worse(errors, d, best)]
        for name in MARGINS:
            margin = choose_margins(name, float(means[best]), situation.num_images)
            listed = [d for d in rivals if means[d] - means[best] <= margin]
            built = min(listed, key=lambda d: float(costs[d]))
            loss = float(truth[built] - truth.min())
            found[name].append((loss, float(costs[built] - costs[best]), len(listed)))
    return {name: _average(entries) for name, entries in found.items()}


def _measure(truths: Array, situation: Situation, random: np.random.Generator) -> Array:
    """Return the errors of every seed on the test images, `(S, D, N)`."""
    shares = truths / 100.0
    images = 100.0 * np.sqrt(shares * (1.0 - shares) / situation.num_images)
    common = random.standard_normal((len(truths), 1)) * np.sqrt(SHARED_IMAGES)
    own = random.standard_normal(truths.shape) * np.sqrt(1.0 - SHARED_IMAGES)
    seeds = random.standard_normal((*truths.shape, situation.num_seeds))
    errors = (truths + images * (common + own))[..., None] + situation.deviation * seeds
    return np.asarray(np.clip(errors, 0.0, 100.0), dtype=np.float64)


def _is_worse(errors: Array, design: int, best: int) -> bool:
    theirs, ours = ({s: (float(e),) for s, e in enumerate(errors[d])} for d in (design, best))
    interval = compare_errors(theirs, ours).interval(0, 0.9)
    return interval is not None and interval.lower > 0.0


def _average(entries: Sequence[tuple[float, float, int]]) -> Built:
    loss, doublings, listed = np.mean(entries, axis=0)
    return Built(float(loss), float(2.0**doublings), float(listed))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.short_list")
    parser.add_argument("--simulations", type=argument(parse_count), default=1_000, metavar="N")
    given = parser.parse_args(arguments)
    print(f"| errors, test images, seeds | {' | '.join(MARGINS)} |")
    print(f"|---|{'---|' * len(MARGINS)}")
    for each in SITUATIONS:
        built = simulate(each, given.simulations)
        highest = each.lowest + each.span
        cells = [f"{b.loss:.2f}, {b.cost_ratio:.2f}, {b.num_listed:.1f}" for b in built.values()]
        name = f"{each.lowest:g} to {highest:g} %, {each.num_images:,}, {each.num_seeds}"
        print(f"| {name} | {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
