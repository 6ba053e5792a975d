"""A run's epochs in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import EpochRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What was measured after the last epoch, and seconds and bytes of all; units in the names."""

    num_epochs: int
    """Epochs that were trained."""
    test_error_percent: float
    mean_member_test_error_percent: float
    nll_nats: float
    brier: float
    ece: float
    disagreement: float | None
    train_seconds: float
    """Of all epochs together."""
    epoch_seconds: float | None
    """Median training seconds of the epochs that are no warm-up; absent where all are."""
    peak_device_bytes: int | None
    peak_reserved_bytes: int | None
    peak_rss_bytes: int | None
    error_correlation: float | None = None


def summarise_epochs(epochs: Sequence[EpochRecord]) -> RunSummary:
    """Sum up the epochs of a run.

    Raises:
        ValueError: if there is none.
    """
    if not epochs:
        raise ValueError("a record without epochs; expected one or more")
    last = epochs[-1]
    seconds = [epoch.train_seconds for epoch in epochs if not epoch.warm_up]
    return RunSummary(
        num_epochs=len(epochs),
        test_error_percent=last.test_error,
        mean_member_test_error_percent=fmean(last.member_test_errors),
        nll_nats=last.nll,
        brier=last.brier,
        ece=last.ece,
        disagreement=last.disagreement,
        train_seconds=sum(epoch.train_seconds for epoch in epochs),
        epoch_seconds=median(seconds) if seconds else None,
        peak_device_bytes=_highest([epoch.peak_device_bytes for epoch in epochs]),
        peak_reserved_bytes=_highest([epoch.peak_reserved_bytes for epoch in epochs]),
        peak_rss_bytes=_highest([epoch.peak_rss_bytes for epoch in epochs]),
        error_correlation=last.error_correlation,
    )


def _highest(values: Sequence[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)
