"""Time to accuracy: training seconds until an ensemble is as good as its single network."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.comparison import Setting, setting_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import BudgetRecord, EpochRecord, Record


@dataclass(frozen=True, slots=True)
class TimeToAccuracy:
    """How long a run trained until it was as good as the single network of its budget and seed."""

    target_test_error: float | None
    """Lowest test error of that single network over its epochs, in percent; None if not run."""
    seconds: float | None
    """Training seconds until the run reached the target; None if it never did (a missing bar)."""


def steady_seconds(epochs: Sequence[EpochRecord]) -> list[float]:
    """Return the training seconds of each epoch, as they would be without the warm-up.

    The warm-up epoch is training too and has to count, but its own seconds also hold what happens
    once (compilation, allocation, the first touch of the data). They are replaced by the median
    of the other epochs. Where every epoch is a warm-up, its own seconds are all there is.

    Args:
        epochs: The epochs of a run, in order.

    Returns:
        Seconds, summed over the members, one per epoch.
    """
    steady = [epoch.train_seconds for epoch in epochs if not epoch.warm_up]
    if not steady:
        return [epoch.train_seconds for epoch in epochs]
    typical = median(steady)
    return [typical if epoch.warm_up else epoch.train_seconds for epoch in epochs]


def seconds_to_reach(epochs: Sequence[EpochRecord], target_test_error: float) -> float | None:
    """Return the training seconds until the test error is first at or below the target.

    Args:
        epochs: The epochs of a run, in order.
        target_test_error: Percent.

    Returns:
        Cumulative `steady_seconds`, or None if the run never reaches the target.
    """
    for epoch, seconds in zip(epochs, accumulate(steady_seconds(epochs)), strict=True):
        if epoch.test_error <= target_test_error:
            return seconds
    return None


def measure_times_to_accuracy(
    records: Sequence[Record], settings: Sequence[Setting] | None = None
) -> list[TimeToAccuracy]:
    """Measure the time to accuracy of every run (section 5 and Figure 5 of the paper).

    The target is the lowest test error that the single network of the same setting, budget and
    seed has after any epoch; where that network was run more than once, the lowest of all. The
    single network's own time is the time to its own best epoch.

    Args:
        records: Runs of any number of settings.
        settings: The setting of each record, where it is known.

    Returns:
        One entry per record, in the same order.
    """
    targets: defaultdict[tuple[Setting, BudgetRecord, int], list[float]] = defaultdict(list)
    if settings is None:
        settings = [setting_of(record) for record in records]
    places = [
        (setting, record.budget, record.seed)
        for setting, record in zip(settings, records, strict=True)
    ]
    for record, place in zip(records, places, strict=True):
        if record.design.design_class == "single":
            errors = (epoch.test_error for epoch in record.epochs)
            targets[place].extend(error for error in errors if math.isfinite(error))
    times = []
    for record, place in zip(records, places, strict=True):
        target = min(targets[place]) if targets.get(place) else None
        seconds = None if target is None else seconds_to_reach(record.epochs, target)
        times.append(TimeToAccuracy(target, seconds))
    return times
