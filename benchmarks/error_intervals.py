"""Simulate how often the interval of a mean error holds the truth, and how wide it is.

`python -m benchmarks.error_intervals` prints the table of docs/statistics.md; the same arguments
give the same numbers. A study has five budgets; a design's errors scatter around its true error as
in `benchmarks.planted_studies`, and are cut off at 0 and 100 %. Shares are the mean over the
budgets, and the lowest of any budget; both of the worst noise.

Of a negative log-likelihood the deviation over seeds grows with the mean like its power 1.7, as on
the shipped digits, and is 12 % of the mean at 0.16 nats.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from itertools import product
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.planted_studies import NOISES, draw_errors
from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.analysis.error_interval import error_interval
from ensemble_switchover.analysis.statistics import (
    CONFIDENCE,
    sample_std,
    t_interval,
    t_quantile,
)
from ensemble_switchover.config.amounts import argument, parse_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.planted_studies import Noise

LEVELS = {
    "20 to 40 %, deviation 4": ((40.0, 34.0, 29.0, 25.0, 22.0), 4.0),
    "2 to 6 %, deviation 0.9": ((6.0, 4.5, 3.3, 2.5, 2.0), 0.9),
    "0.5 to 1.2 %, deviation 0.3": ((1.2, 0.9, 0.7, 0.55, 0.45), 0.3),
}
"""Name -> true errors in percent at five budgets, and the deviation over seeds in points."""
NATS_TRUTHS = (0.30, 0.22, 0.16, 0.12, 0.10)
"""True negative log-likelihoods at five budgets."""
NATS_DEVIATIONS = tuple(0.12 * 0.16 * (truth / 0.16) ** 1.7 for truth in NATS_TRUTHS)
SEEDS = (1, 2, 3, 5)
"""Numbers of seeds of a design; of 1, the budgets beside it have 2."""


@dataclass(frozen=True, slots=True)
class Held:
    """How often intervals hold the truth."""

    mean_share: float
    lowest_share: float
    """Of the budget with the lowest."""
    median_width: float
    """Percentage points, or nats."""


def clipped(errors: Sequence[float], _: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return Student's interval, cut off at 0 and 100 %: what was shown before."""
    found = t_interval(errors)
    return (0.0, 100.0) if found is None else (max(0.0, found.lower), min(100.0, found.upper))


def own_spread(errors: Sequence[float], _: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the interval of the log odds from the seeds of the design alone."""
    return with_spread_beside(errors, ())


def with_spread_beside(
    errors: Sequence[float], beside: Sequence[Sequence[float]]
) -> tuple[float, float]:
    """Return the interval that is shown; all of 0 to 100 % where there is none."""
    found = error_interval(errors, beside=beside)
    return (0.0, 100.0) if found is None else (found.lower, found.upper)


def student_with_spread_beside(
    losses: Sequence[float], beside: Sequence[Sequence[float]]
) -> tuple[float, float]:
    """Return Student's interval in nats, with the spread beside where there are few seeds."""
    samples = [losses, *(beside if len(losses) < MIN_SEEDS else ())]
    known = [sample for sample in samples if len(sample) > 1]
    degrees = sum(len(sample) - 1 for sample in known)
    squares = sum((len(sample) - 1) * (sample_std(sample) or 0.0) ** 2 for sample in known)
    half_width = t_quantile(degrees, CONFIDENCE) * math.sqrt(squares / degrees / len(losses))
    return fmean(losses) - half_width, fmean(losses) + half_width


def logarithms_with_spread_beside(
    losses: Sequence[float], beside: Sequence[Sequence[float]]
) -> tuple[float, float]:
    """Return the interval of a negative log-likelihood that is shown."""
    found = error_interval(losses, beside=beside, largest=math.inf)
    return (0.0, math.inf) if found is None else (found.lower, found.upper)


NATS_METHODS = {
    "Student's, few seeds pooled in nats": student_with_spread_beside,
    "**logarithms, few seeds pooled (shown)**": logarithms_with_spread_beside,
}
"""Name -> the interval of a negative log-likelihood, given those of the budgets beside it."""
METHODS = {
    "Student's, cut off": (clipped, 1),
    "log odds, own spread": (own_spread, 1),
    "**log odds, few seeds pooled (shown)**": (with_spread_beside, 1),
    "log odds, few seeds pooled over all budgets": (with_spread_beside, 9),
}
"""Name -> the interval, and how many budgets on either side are given to it."""


def measure_held(
    method: Callable[[Sequence[float], Sequence[Sequence[float]]], tuple[float, float]],
    noise: Noise,
    truths: Sequence[float],
    deviation: float | Sequence[float],
    num_seeds: int,
    num_studies: int,
    reach: int = 1,
    largest: float = 100.0,
) -> Held:
    """Simulate studies of one noise.

    Args:
        method: Returns the interval of a design's errors, given those beside it.
        noise: How errors scatter.
        truths: The true error at every budget, in percent, or the true loss in nats.
        deviation: Standard deviation over seeds, or one for each budget.
        num_seeds: Seeds of a design.
        num_studies: Number of studies.
        reach: Number of budgets on either side that count as beside.
        largest: The largest possible value.
    """
    random = np.random.default_rng((NOISES.index(noise), num_seeds, num_studies))
    shape = num_studies, len(truths), max(2, num_seeds)
    noises = np.atleast_1d(deviation)[:, None] * draw_errors(noise, 1.0, shape, random)
    drawn = np.clip(np.array(truths)[:, None] + noises, 0.0, largest)
    shares, widths = [], []
    for budget, truth in enumerate(truths):
        others = [b for b in range(len(truths)) if 0 < abs(b - budget) <= reach]
        held = 0
        for study in drawn:
            lower, upper = method(
                study[budget, :num_seeds].tolist(), [study[other].tolist() for other in others]
            )
            held += lower <= truth <= upper
            widths.append(upper - lower)
        shares.append(held / num_studies)
    return Held(fmean(shares), min(shares), median(widths))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.error_intervals")
    parser.add_argument("--simulations", type=argument(parse_count), default=2_000, metavar="N")
    given = parser.parse_args(arguments)
    print("| interval of 90 % | seeds | holds the truth: mean, lowest budget | median width |")
    print("|---|---|---|---|")
    for level, (truths, deviation) in LEVELS.items():
        print(f"| *{level}* | | | |")
        for num_seeds, (name, (method, reach)) in product(SEEDS, METHODS.items()):
            if num_seeds == 1 and method is not with_spread_beside:
                continue
            found = [
                measure_held(method, noise, truths, deviation, num_seeds, given.simulations, reach)
                for noise in NOISES
            ]
            print(
                f"| {name} | {num_seeds} | {min(f.mean_share for f in found):.3f}, "
                f"{min(f.lowest_share for f in found):.3f} | "
                f"{fmean(f.median_width for f in found):.3g} |"
            )
    print("| *0.1 to 0.3 nats* | | | |")
    for num_seeds, (name, of_nats) in product(SEEDS, NATS_METHODS.items()):
        found = [
            measure_held(
                *(of_nats, noise, NATS_TRUTHS, NATS_DEVIATIONS, num_seeds, given.simulations),
                largest=math.inf,
            )
            for noise in NOISES
        ]
        print(
            f"| {name} | {num_seeds} | {min(f.mean_share for f in found):.3f}, "
            f"{min(f.lowest_share for f in found):.3f} | "
            f"{fmean(f.median_width for f in found):.3g} |"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
