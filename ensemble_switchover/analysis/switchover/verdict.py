"""The verdict of a cell: which design has the lower test error at one budget and epoch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.statistics import (
    CONFIDENCE,
    Interval,
    sample_mean,
    t_interval,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Verdict(Enum):
    """Which design has the lower test error in a cell."""

    ENSEMBLE = "ensemble"
    """The interval of the difference lies wholly below 0, or below minus the margin."""
    SINGLE = "single"
    """The interval of the difference lies wholly above 0, or above minus the margin."""
    UNDECIDED = "undecided"
    """The interval contains 0, or there is none because fewer than two seeds are paired."""
    HOLE = "hole"
    """One of the two designs has no run, for example because no network is small enough."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """The comparison of an ensemble with the single network at one budget and epoch."""

    verdict: Verdict
    mean_difference: float | None
    """Mean of ensemble minus single test error over the paired seeds, in percentage points."""
    interval: Interval | None
    """Confidence interval of the difference in percentage points; None if there is none."""
    num_pairs: int
    """Number of seeds that both designs have."""
    by_pools: bool = False
    """True if the interval is over pools of members instead of seeds."""

    @property
    def interval_name(self) -> str:
        """What the interval of the cell is."""
        return "interval over pools of members" if self.by_pools else "t interval"


def judge_cell(
    ensemble: Mapping[int, float],
    single: Mapping[int, float],
    confidence: float = CONFIDENCE,
    margin: float = 0.0,
    pool: Interval | None = None,
) -> GridCell:
    """Compare the test errors of one cell, paired by seed.

    Args:
        ensemble: Seed -> test error of the ensemble in percent; empty without a run.
        single: Seed -> test error of the single network in percent; empty without a run.
        confidence: Confidence of the interval.
        margin: Percentage points by which the ensemble must be better.
        pool: Interval of the difference over pools of members, used instead of that over seeds.

    >>> judge_cell({0: 5.0, 1: 6.0, 2: 5.5}, {0: 9.0, 1: 9.5, 2: 9.4}).verdict.value
    'ensemble'
    >>> judge_cell({0: 5.0}, {0: 9.0}).verdict.value
    'undecided'
    >>> judge_cell({}, {0: 9.0}).verdict.value
    'hole'
    """
    if not ensemble or not single:
        return GridCell(Verdict.HOLE, None, None, 0)
    differences = [ensemble[seed] - single[seed] for seed in sorted(ensemble) if seed in single]
    mean_difference = sample_mean(differences) if differences else None
    interval = t_interval(differences, confidence)
    if pool is not None:
        mean_difference, interval = pool.mean, pool
    verdict = Verdict.UNDECIDED
    if interval is not None and interval.upper < -margin:
        verdict = Verdict.ENSEMBLE
    elif interval is not None and interval.lower > -margin:
        verdict = Verdict.SINGLE
    return GridCell(verdict, mean_difference, interval, len(differences), by_pools=pool is not None)
