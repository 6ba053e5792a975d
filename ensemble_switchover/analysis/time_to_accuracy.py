"""Time to accuracy: training seconds until an ensemble is as good as its single network.

There are two targets. The paper's is the lowest error over the epochs of the single network of the
same budget and seed. It has that one training's luck in it: whether an ensemble reaches it depends
on the seed that it is compared with. The *common target* of a budget is the mean of these lowest
errors over the seeds of the single network, without runs that are left out of errors; all seeds of
an ensemble have to reach the same error. A single network's own time is, for both, the
time to its own best epoch, so the mean of these times belongs to the mean of the lowest errors.

Errors are known after the evaluated epochs alone (`evaluate_every=`): the fewer they are, the later
a target is seen to be reached, and the higher is the lowest error. So a target is of single
networks with the same evaluated epochs.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from ensemble_switchover.analysis.comparison import Setting, setting_of
from ensemble_switchover.analysis.statistics import ROUNDING, sample_mean
from ensemble_switchover.results.epoch_metrics import errors_by_epoch

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.results.epoch_metrics import EpochRecord
    from ensemble_switchover.results.record import BudgetRecord, Record

_Place: TypeAlias = "tuple[Setting, BudgetRecord, str]"
"""What an ensemble and its single networks share: setting, budget, and the epochs evaluated."""


@dataclass(frozen=True, slots=True)
class TimeToAccuracy:
    """Training time until a run reached the error of the single network of its budget."""

    target_error_percent: float | None
    """Lowest test error over the epochs of the single network of the run's seed; None if none."""
    seconds: float | None
    """Training seconds until the run reached that target; None if it never did."""
    common_target_error_percent: float | None
    """Mean of these lowest errors over the single network's seeds; None if there are none."""
    seconds_to_common_target: float | None
    """Training seconds until the run reached the common target, or a single network its own lowest
    error; None if it never did."""


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
        epochs: The epochs of a run, in order; those that were not evaluated count with their
            seconds.
        target_error_percent: Target in percent; errors that differ from it by rounding reach it.

    Returns:
        Cumulative `steady_seconds`, or None if the run never reaches the target.
    """
    for epoch, seconds in zip(epochs, accumulate(steady_seconds(epochs)), strict=True):
        error = epoch.error_percent
        if error is not None and error <= target_error_percent + ROUNDING:
            return seconds
    return None


def lowest_error(epochs: Sequence[EpochRecord]) -> float | None:
    """Return the lowest finite test error of a run in percent; None if it has none.

    It is over the evaluated epochs, so it is no lower with fewer of them.
    """
    return min(filter(math.isfinite, errors_by_epoch(epochs).values()), default=None)


def measure_times_to_accuracy(
    records: Sequence[Record],
    settings: Sequence[Setting] | None = None,
    left_out: Collection[RunKey] = frozenset(),
) -> list[TimeToAccuracy]:
    """Measure the time to accuracy of every run (section 5 and Figure 5 of the paper).

    The targets are those at the top of this module. If a single network was run more than once
    with one seed, the lowest error of all these runs is the seed's own target; in the common one
    the seed counts once, with the mean of their lowest errors.

    Args:
        records: Runs of any number of settings.
        settings: The setting of each record; read from the records by default.
        left_out: Collapsed runs that are in no common target, from `find_collapsed`.

    Returns:
        One entry per record, in the same order.
    """
    if settings is None:
        settings = [setting_of(record) for record in records]
    own: defaultdict[tuple[_Place, int], list[float]] = defaultdict(list)
    typical: defaultdict[_Place, defaultdict[int, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for record, setting in zip(records, settings, strict=True):
        lowest = lowest_error(record.epochs)
        if record.design.design_class != "single" or lowest is None:
            continue
        place = (setting, record.budget, record.evaluate_every)
        own[place, record.seed].append(lowest)
        if (record.study, record.name) not in left_out:
            typical[place][record.seed].append(lowest)
    common = {
        place: sample_mean([sample_mean(errors) for errors in by_seed.values()])
        for place, by_seed in typical.items()
    }
    times = []
    for record, setting in zip(records, settings, strict=True):
        place = (setting, record.budget, record.evaluate_every)
        target = min(own.get((place, record.seed), []), default=None)
        shared = common.get(place)
        is_single = record.design.design_class == "single"
        to_common = lowest_error(record.epochs) if is_single else shared
        times.append(
            TimeToAccuracy(
                target, _seconds_to(record, target), shared, _seconds_to(record, to_common)
            )
        )
    return times


def _seconds_to(record: Record, target_error_percent: float | None) -> float | None:
    if target_error_percent is None:
        return None
    return seconds_to_reach(record.epochs, target_error_percent)
