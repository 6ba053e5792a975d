"""Time to accuracy: training seconds until a run reaches the error of its single network."""

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

    from ensemble_switchover.results.epoch_metrics import EpochRecord
    from ensemble_switchover.results.record import BudgetRecord, Record


@dataclass(frozen=True, slots=True)
class TimeToAccuracy:
    """Training time until a run reached the error of the single network of its budget and seed."""

    target_error_percent: float | None
    """Lowest test error of that single network over its epochs, in percent; None without a run."""
    seconds: float | None
    """Training seconds until the run reached the target; None if it never did."""


def steady_seconds(epochs: Sequence[EpochRecord]) -> list[float]:
    """Return the training seconds of each epoch without one-time costs.

    The warm-up epoch trains too and has to count, but its seconds include one-time costs such as
    compilation, allocation and the first access to the data. They are replaced by the median of
    the other epochs. If every epoch is a warm-up, its own seconds are kept.

    Args:
        epochs: The epochs of a run, in order.

    Returns:
        Seconds of each epoch, all members together.
    """
    steady = [epoch.training_seconds for epoch in epochs if not epoch.warm_up]
    if not steady:
        return [epoch.training_seconds for epoch in epochs]
    typical = median(steady)
    return [typical if epoch.warm_up else epoch.training_seconds for epoch in epochs]


def seconds_to_reach(epochs: Sequence[EpochRecord], target_error_percent: float) -> float | None:
    """Return the training seconds until the test error first is at or below the target.

    Args:
        epochs: The epochs of a run, in order.
        target_error_percent: Target in percent.

    Returns:
        Cumulative `steady_seconds`, or None if the run never reaches the target.
    """
    for epoch, seconds in zip(epochs, accumulate(steady_seconds(epochs)), strict=True):
        if epoch.error_percent <= target_error_percent:
            return seconds
    return None


def measure_times_to_accuracy(
    records: Sequence[Record], settings: Sequence[Setting] | None = None
) -> list[TimeToAccuracy]:
    """Measure the time to accuracy of every run (section 5 and Figure 5 of the paper).

    The target is the lowest test error over the epochs of the single network of the same setting,
    budget and seed, and over its runs if it was run more than once. For the single network itself
    this is the time to its best epoch.

    Args:
        records: Runs of any number of settings.
        settings: The setting of each record; read from the records by default.

    Returns:
        One entry per record, in the same order.
    """
    targets: defaultdict[tuple[Setting, BudgetRecord, int], list[float]] = defaultdict(list)
    if settings is None:
        settings = [setting_of(record) for record in records]
    keys = [
        (setting, record.budget, record.seed)
        for setting, record in zip(settings, records, strict=True)
    ]
    for record, key in zip(records, keys, strict=True):
        if record.design.design_class == "single":
            errors = (epoch.error_percent for epoch in record.epochs)
            targets[key].extend(error for error in errors if math.isfinite(error))
    times = []
    for record, key in zip(records, keys, strict=True):
        target = min(targets[key]) if targets.get(key) else None
        seconds = None if target is None else seconds_to_reach(record.epochs, target)
        times.append(TimeToAccuracy(target, seconds))
    return times
