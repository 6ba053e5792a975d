"""Cells of the grid decided by pools of members, where predictions were kept."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.pool import pool_difference
from ensemble_switchover.analysis.statistics import CONFIDENCE
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.results.pools import read_pool

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.statistics import Interval
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.results.predictions import Predictions


class PoolReader:
    """Reads the kept predictions of the designs of a comparison, from one run per seed."""

    def __init__(
        self,
        comparison: Comparison,
        folders: Mapping[RunKey, Path],
        collapsed: Collection[RunKey] = frozenset(),
    ) -> None:
        """Take the runs but the collapsed, and the folder of every run by its study and name."""
        budgets = build_error_grid(comparison.records).budgets
        self._runs: defaultdict[tuple[DesignClassName, int], defaultdict[int, list[Path]]]
        self._runs = defaultdict(lambda: defaultdict(list))
        for record in comparison.records:
            if (record.study, record.name) in collapsed:
                continue
            key = (record.design.design_class, budgets.index(record.budget))
            self._runs[key][record.seed].append(folders[record.study, record.name])
        self.left_out: dict[str, str] = {}
        """Run and file of predictions, or the designs, that are in no pool -> why."""
        self.read = lru_cache(maxsize=2)(self._read)

    def _read(self, design_class: DesignClassName, column: int, epoch: int) -> Predictions | None:
        """Read the members of a design.

        Args:
            design_class: The class of the design.
            column: The index of the budget.
            epoch: Counted from 1.
        """
        pool, left_out = read_pool(list(self._runs[design_class, column].values()), epoch)
        for path, reason in left_out.items():
            self.left_out[f"{path.parent.name}/{path.name}"] = reason
        return pool


def pool_intervals(
    grid: ErrorGrid,
    ensemble_class: DesignClassName,
    reader: PoolReader,
    confidence: float = CONFIDENCE,
) -> dict[tuple[int, int], Interval]:
    """Return the interval of ensemble minus single test error in the cells that pools cover.

    Args:
        grid: The errors of the comparison.
        ensemble_class: `deq` or `weq`.
        reader: Reads the predictions of all independent members of a design after an epoch.
        confidence: Confidence of the intervals.

    Returns:
        `(index of the budget, index of the epoch)` -> interval in percentage points.
    """
    intervals = {}
    for column in range(len(grid.budgets)):
        for row, epoch in enumerate(grid.epochs):
            ensemble = reader.read(ensemble_class, column, epoch)
            single = reader.read("single", column, epoch)
            if ensemble is None or single is None:
                continue
            if not np.array_equal(ensemble.labels, single.labels):
                size = grid.budgets[column].parameters
                reader.left_out[f"{ensemble_class} and single of {size:,} parameters"] = (
                    "predictions of different images"
                )
                continue
            interval = pool_difference(
                ensemble.probabilities, single.probabilities, single.labels, grid.k, confidence
            )
            if interval is not None:
                intervals[column, row] = interval
    return intervals
