"""Times of one model, their percentiles, and whether they have converged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SPREAD_LIMIT = 0.05
"""Largest interquartile range of the passes, over their median."""
MIN_PASSES = 10
MIN_CALLS = 100
"""Of fewer, a 99th percentile would be the slowest call."""


@dataclass
class Sample:
    """Times of one model at one batch size."""

    calls: list[float] = field(default_factory=list)
    """Seconds of every call."""
    passes: list[float] = field(default_factory=list)
    """Seconds of every pass, which is one or more calls."""

    @property
    def spread(self) -> float:
        """Interquartile range of the passes over their median; infinite for fewer than 10.

        >>> Sample(passes=[1.0] * 9).spread, Sample(passes=[1.0] * 10).spread
        (inf, 0.0)
        """
        if len(self.passes) < MIN_PASSES:
            return float("inf")
        lower, middle, upper = (percentile(self.passes, q) for q in (25, 50, 75))
        return (upper - lower) / middle

    @property
    def is_steady(self) -> bool:
        """Whether the spread is below the limit."""
        return self.spread < SPREAD_LIMIT


def percentile(values: Sequence[float], q: float) -> float:
    """Return a percentile, linear between the two values beside it (Hyndman and Fan's 7).

    >>> percentile([4.0, 1.0, 2.0, 3.0], 50), percentile([1.0], 99)
    (2.5, 1.0)
    """
    ordered = sorted(values)
    position = (len(ordered) - 1) * q / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def summarise_sample(sample: Sample, batch_size: int, num_images: int) -> dict[str, Any]:
    """Return the figures of a sample, each with its unit in its name.

    Args:
        sample: Of one model.
        batch_size: Images of a call.
        num_images: Images of a pass.
    """
    many = len(sample.calls) >= MIN_CALLS
    p99 = 1e3 * percentile(sample.calls, 99) if many else None
    mean = sum(sample.passes) / len(sample.passes)
    quartiles = [1e3 * percentile(sample.passes, q) / num_images for q in (25, 50, 75)]
    known = len(sample.passes) >= MIN_PASSES
    return {
        "batch_size": batch_size,
        "num_calls": len(sample.calls),
        "num_passes": len(sample.passes),
        "images_per_pass": num_images,
        "p50_ms_per_call": 1e3 * percentile(sample.calls, 50),
        "p90_ms_per_call": 1e3 * percentile(sample.calls, 90),
        "p99_ms_per_call": p99,
        "mean_ms_per_image": 1e3 * mean / num_images,
        "lower_quartile_ms_per_image": quartiles[0],
        "median_ms_per_image": quartiles[1],
        "upper_quartile_ms_per_image": quartiles[2],
        "images_per_second": num_images / mean,
        "spread_percent": 100 * sample.spread if known else None,
        "steady": sample.is_steady,
    }
