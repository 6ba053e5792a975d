"""Models are timed in turn, pass by pass, until the times of all have converged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ensemble_switchover.measure.samples import MIN_CALLS, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def time_alternately(
    models: Sequence[Sequence[Callable[[], object]]],
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Sample]:
    """Time models in turn, pass by pass, until all are steady or the time is over.

    Args:
        models: The calls of one pass of each model.
        seconds: The limit for each model; all together have their sum.
        clock: Seconds from any moment.

    Returns:
        One sample for each model; with the limit reached, some may not be steady.
    """
    samples = [Sample() for _ in models]
    begin = clock()
    while True:
        for sample, calls in zip(samples, models):
            spent = 0.0
            for call in calls:
                before = clock()
                call()
                took = clock() - before
                sample.calls.append(took)
                spent += took
            sample.passes.append(spent)
        if all(len(s.calls) >= MIN_CALLS and s.is_steady for s in samples):
            return samples
        if clock() - begin >= seconds * len(models):
            return samples
