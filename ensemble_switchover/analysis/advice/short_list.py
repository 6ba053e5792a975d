"""The designs that are as good as the best one within a margin, the cheapest of them first.

Whoever has to build something is served by any of them, even while it is undecided which is best.
A design is on the list if both hold:

- It is not shown to be worse than the best design.
- Its mean error is within the margin of the best design's. With few seeds the interval of a
  difference is wide, so that designs far worse are "not shown to be worse"; they are not on it.

The margin is the standard error of the test images at the best design's error, `sqrt(p (1 - p) /
N)`, but at least one image, and at most 1 percentage point. Of a negative log-likelihood `m` it is
`m v / sqrt(N)`, at most 0.05 nats, which are 5 % of the probability of the right class: `v` is the
standard deviation of the losses of single images as a share of their mean, from predictions that
the best design's runs kept; without any it is taken as 1, as that of an exponential distribution,
which makes the margin rather too narrow: most images have far less than the mean. Of a balanced
error and of a coverage the margin is that of an error. Within one standard error models count
as equally good, and the cheapest is taken, since Breiman, Friedman, Olshen & Stone (1984,
Classification and Regression Trees, section 3.4.3). Without the upper end, few images would let
designs pass that are tens of points worse; without the lower, a best design without any error
would stand alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.limits import amount_used
from ensemble_switchover.results.quality_metrics import PERCENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.limits import Limits, Reading
    from ensemble_switchover.results.quality_metrics import QualityMetric

LARGEST_MARGIN = PERCENT.largest_margin
"""Percentage points that a margin is at most unless the user states another."""

ROUNDING_POINTS = 1e-5
"""Differences that exceed the margin by no more count as within it: the explorer keeps errors with
24 bits."""

COSTS_IN_ORDER = (
    *("latency_ms", "latency_p99_ms", "fastest_latency_ms"),
    *("hours", "memory_bytes", "parameters"),
)
"""The costs by which a list may be ordered: of those that the user limits, the first."""

COSTS_WITHOUT_LIMITS = ("latency_ms", "hours", "parameters")
"""The costs by which it is ordered otherwise: the first that compares.

Inference is paid for as long as a network is used, training once, and the designs of one budget
have about the same number of parameters. On a CPU, memory is that of the whole process."""

LARGEST_DEVIATION = 0.2
"""Standard deviation over the seeds, as a share of the mean, up to which times order designs.

Times that vary more, as beside other programs, would order designs by chance."""


@dataclass(frozen=True, slots=True)
class ShortList:
    """Designs that will do."""

    margin: float
    """By how much a mean loss may exceed the best, in percentage points of error or the unit of
    another metric."""
    is_given: bool
    """Whether the user stated the margin."""
    cost: str
    """The name of the limit whose quantity orders the designs."""
    readings: tuple[Reading, ...]
    """The designs, the best among them; the cheapest first."""
    loss_spread: float | None = None
    """Standard deviation of the losses of images as a share of their mean, where the margin rests
    on it; None where predictions were not read."""


def make_short_list(
    best: Reading,
    others: Sequence[Reading],
    limits: Limits,
    margin: float | None = None,
    loss_spread: float | None = None,
) -> ShortList:
    """List the designs within the margin, the cheapest first.

    Args:
        best: The design with the lowest mean error, or the best mean of another metric.
        others: The other designs that are not shown to be worse, best first.
        limits: The user's limits.
        margin: In the unit of the metric; None: `metric_margin`.
        loss_spread: Of the best design, from `analysis.advice.loss_spread`.
    """
    width = margin
    if width is None:
        metric, number = best.design.metric, best.design.num_images
        width = metric_margin(metric, best.loss, number, loss_spread)
    close = [other for other in others if other.loss - best.loss <= width + ROUNDING_POINTS]
    readings = [best, *close]
    cost = choose_cost(readings, limits)
    cheapest_first = sorted(readings, key=lambda r: (_amount(r, cost), r.design.parameters))
    return ShortList(width, margin is not None, cost, tuple(cheapest_first), loss_spread)


def metric_margin(
    metric: QualityMetric, loss: float, num_images: int, loss_spread: float | None = None
) -> float:
    """Return the margin within which designs count as equally good, in the unit of the metric.

    Args:
        metric: By what designs are compared.
        loss: Mean loss of the best design.
        num_images: Number of images that losses were measured on.
        loss_spread: Standard deviation of the losses of images as a share of their mean; None where
            it is not known, for a negative log-likelihood then 1.

    >>> from ensemble_switchover.results.quality_metrics import QUALITY_METRICS
    >>> round(metric_margin(QUALITY_METRICS["nll"], 0.2, 10_000, 2.5), 6)
    0.005
    >>> metric_margin(QUALITY_METRICS["error"], 30.0, 100)
    1.0
    """
    if metric.unit == PERCENT:
        return default_margin(loss, num_images)
    if num_images < 1:
        return metric.unit.largest_margin
    spread = 1.0 if loss_spread is None else loss_spread
    return min(metric.unit.largest_margin, loss * spread / math.sqrt(num_images))


def default_margin(error_percent: float, num_images: int) -> float:
    """Return the margin within which designs count as equally good, in percentage points.

    Args:
        error_percent: Mean error of the best design.
        num_images: Number of images that errors were measured on.

    >>> round(default_margin(30.0, 10_000), 2), default_margin(30.0, 100)
    (0.46, 1.0)
    >>> default_margin(0.0, 1000)
    0.1
    """
    if num_images < 1:
        return LARGEST_MARGIN
    share = min(1.0, max(0.0, error_percent / 100.0))
    standard_error = 100.0 * math.sqrt(share * (1.0 - share) / num_images)
    return min(LARGEST_MARGIN, max(standard_error, 100.0 / num_images))


def choose_cost(readings: Sequence[Reading], limits: Limits) -> str:
    """Choose the cost by which designs are ordered: one that was measured alike for all of them."""
    limited = [name for name in COSTS_IN_ORDER if name in limits.given]
    for name in (*limited, *COSTS_WITHOUT_LIMITS):
        if _compares(readings, name):
            return name
    return COSTS_IN_ORDER[-1]


def _compares(readings: Sequence[Reading], name: str) -> bool:
    """Tell whether every design has the cost; milliseconds have to be of one batch size."""
    if any(amount_used(reading, name) is None for reading in readings):
        return False
    if not all(_is_steady(reading, name) for reading in readings):
        return False
    costs = [reading.candidate.cost for reading in readings]
    sizes = {None if cost is None else cost.latency_batch_size for cost in costs}
    return len(sizes) == 1 or "latency" not in name


def _is_steady(reading: Reading, name: str) -> bool:
    """Tell whether a time varies little over the seeds; other costs do not vary."""
    cost = reading.candidate.cost
    if cost is None:
        return True
    mean, deviation = {
        "latency_ms": (cost.latency_ms, cost.latency_ms_std),
        "fastest_latency_ms": (cost.fastest_latency_ms, cost.fastest_latency_ms_std),
        "hours": (reading.seconds, reading.seconds_std),
    }.get(name, (None, None))
    return mean is None or deviation is None or deviation <= LARGEST_DEVIATION * mean


def _amount(reading: Reading, name: str) -> float:
    amount = amount_used(reading, name)
    assert amount is not None  # choose_cost
    return amount
