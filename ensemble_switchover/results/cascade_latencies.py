"""The measured latency of a run's cascade, beside the whole ensemble and the single network.

It is kept apart from `Record.latencies`: a cascade answers differently from the ensemble, so it is
no execution of the same model that could be the fastest one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.results.stored_values import Amount, Size  # noqa: TC001 # by pydantic

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyQuantiles:
    """Milliseconds per image of one model, over batches of real images.

    Each value is of one batch: its milliseconds, divided by its images. At batch size 1 the
    quantiles are over images.
    """

    mean_ms_per_image: Amount
    """Mean over the batches."""
    median_ms_per_image: Amount
    """Median over the batches."""
    p90_ms_per_image: Amount
    """90th percentile over the batches."""
    p99_ms_per_image: Amount
    """99th percentile over the batches; of fewer than 100 batches it is close to the slowest."""

    @classmethod
    def of_batches(cls, seconds: Sequence[float], batch_size: int) -> LatencyQuantiles:
        """Summarise the seconds of each of one or more batches.

        >>> LatencyQuantiles.of_batches([0.002, 0.004, 0.009], 2).mean_ms_per_image
        2.5
        """
        ms = 1000 * np.asarray(seconds) / batch_size
        middle, high, highest = np.quantile(ms, [0.5, 0.9, 0.99])
        return cls(
            mean_ms_per_image=float(ms.mean()),
            median_ms_per_image=float(middle),
            p90_ms_per_image=float(high),
            p99_ms_per_image=float(highest),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeLatencyRecord:
    """Inference latency of a cascade at one batch size, on the images that errors are of.

    The cascade, the whole ensemble and the single network predict the same batches in turn, so
    their ratios are of the same moments and of the same images.
    """

    rule: str
    """Score by which an image stops: `confidence` or `margin`."""
    threshold: Amount
    """Least score at which an image stops."""
    batch_size: Size
    """Images of a batch."""
    repeats: Size
    """Batches that each model predicted, after a warm-up."""
    num_images: Size
    """Different images among those of all batches."""
    mean_members: Amount
    """Mean number of members that the timed images asked."""
    cascade: LatencyQuantiles
    """The cascade."""
    whole: LatencyQuantiles
    """The whole ensemble, one member after another."""
    single: LatencyQuantiles | None
    """The single network of the budget, untrained; absent where memory did not suffice for it."""

    def predicted_mean_ms(self, k: int) -> float:
        """Return the mean milliseconds per image that the members asked predict.

        It is the measured mean of the whole ensemble, divided by its k members, times the mean
        number of members asked: what early exit itself costs, and that small batches are slower
        per image, is left out.

        >>> even = LatencyQuantiles(mean_ms_per_image=4.0, median_ms_per_image=4.0,
        ...     p90_ms_per_image=4.0, p99_ms_per_image=4.0)
        >>> CascadeLatencyRecord(rule="confidence", threshold=0.9, batch_size=1, repeats=10,
        ...     num_images=10, mean_members=1.5, cascade=even, whole=even,
        ...     single=None).predicted_mean_ms(4)
        1.5
        """
        return self.whole.mean_ms_per_image / k * self.mean_members
