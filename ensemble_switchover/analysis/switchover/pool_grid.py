"""Cells of the grid decided by pools of members, where predictions were kept."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ensemble_switchover.analysis.pool import pool_difference
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.pools import read_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.statistics import Interval
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.results.predictions import Predictions

RunKey: TypeAlias = tuple[str, str]
"""Study and name of a run."""

PoolReader: TypeAlias = "Callable[[DesignClassName, int, int], Predictions | None]"
"""`(design class, index of the budget, epoch counted from 1)` -> the members' predictions."""


def pool_reader(comparison: Comparison, folders: Mapping[RunKey, Path]) -> PoolReader:
    """Return a function that reads the kept predictions of a design, from one run per seed.

    Args:
        comparison: The runs.
        folders: Study and name of every run -> its folder.
    """
    budgets = build_error_grid(comparison.records).budgets
    runs: defaultdict[tuple[DesignClassName, int], defaultdict[int, list[Path]]]
    runs = defaultdict(lambda: defaultdict(list))
    for record in comparison.records:
        key = (record.design.design_class, budgets.index(record.budget))
        runs[key][record.seed].append(folders[record.study, record.name])

    @lru_cache(maxsize=2)
    def read(design_class: DesignClassName, column: int, epoch: int) -> Predictions | None:
        return read_pool(list(runs[design_class, column].values()), epoch)

    return read


def pool_intervals(
    grid: ErrorGrid, ensemble_class: DesignClassName, read: PoolReader
) -> dict[tuple[int, int], Interval]:
    """Return the interval of ensemble minus single test error in the cells that pools cover.

    Args:
        grid: The errors of the comparison.
        ensemble_class: `deq` or `weq`.
        read: Returns the predictions of all independent members of a design after an epoch.

    Returns:
        `(index of the budget, index of the epoch)` -> interval in percentage points.
    """
    intervals = {}
    for column in range(len(grid.budgets)):
        for row, epoch in enumerate(grid.epochs):
            ensemble = read(ensemble_class, column, epoch)
            single = read("single", column, epoch)
            if ensemble is None or single is None:
                continue
            if not np.array_equal(ensemble.labels, single.labels):
                raise RecordError(
                    f"{ensemble_class} and single networks of {grid.budgets[column].parameters:,} "
                    "parameters kept predictions of different images; expected the same images"
                )
            interval = pool_difference(
                ensemble.probabilities, single.probabilities, single.labels, grid.k
            )
            if interval is not None:
                intervals[column, row] = interval
    return intervals
