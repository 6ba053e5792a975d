"""The heat maps of one comparison at every confidence, as the page draws them."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES, ENSEMBLE_CLASSES
from ensemble_switchover.analysis.switchover.sensitivity import CONFIDENCES
from ensemble_switchover.analysis.switchover.threshold import find_boundary, judge_grid
from ensemble_switchover.analysis.switchover.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid

NO_CLASS = -1
"""Class index of cells in which there is nothing to compare."""


def map_values(finding: Finding) -> list[dict[str, Any]]:
    """Return one map of the means alone, and one for each confidence, with the finding's own.

    Each map holds the confidence (null where the means alone are compared); `cells`, blocks of
    equal cells as `[budget, first epoch, last epoch, class of the lowest mean error, decided, both
    ensembles win]`, all as indices or as 0 and 1; and `boundaries`: ensemble class -> for each
    budget the index of the first epoch beyond the switchover, or null.
    """
    if not finding.thresholds:
        return []
    grid = finding.grid
    means = np.stack([_mean_errors(grid, name) for name in DESIGN_CLASSES])
    maps = []
    for confidence in (None, *sorted({*CONFIDENCES, finding.rule.confidence})):
        better, worse, boundaries = {}, {}, {}
        for name, threshold in finding.thresholds.items():
            better[name], worse[name] = _decided(finding, name, confidence)
            boundaries[name] = find_boundary(threshold.budgets, better[name])
        faces = _face_cells(means, better, worse)
        blocks = [
            block
            for column in range(len(grid.budgets))
            for block in _blocks(column, faces[:, column].T.tolist())
        ]
        maps.append({"confidence": confidence, "cells": blocks, "boundaries": boundaries})
    return maps


def _decided(
    finding: Finding, name: DesignClassName, confidence: float | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return in which cells an ensemble class is better and worse; None compares the means."""
    rule = finding.rule if confidence is None else replace(finding.rule, confidence=confidence)
    cells = judge_grid(finding.grid, name, rule)
    if confidence is None:
        means = np.array([[_or_nan(cell.mean_difference) for cell in column] for column in cells])
        return means < 0.0, means > 0.0
    verdicts = np.array([[cell.verdict.value for cell in column] for column in cells])
    return verdicts == Verdict.ENSEMBLE.value, verdicts == Verdict.SINGLE.value


def _mean_errors(grid: ErrorGrid, name: DesignClassName) -> NDArray[np.float64]:
    rows = range(len(grid.epochs))
    return np.array(
        [
            [_or_nan(grid.mean_error(name, column, row)) for row in rows]
            for column in range(len(grid.budgets))
        ]
    )


def _face_cells(
    means: NDArray[np.float64],
    better: dict[DesignClassName, NDArray[np.bool_]],
    worse: dict[DesignClassName, NDArray[np.bool_]],
) -> NDArray[np.int64]:
    """Return winner, decided and both-ensembles-win of every cell, as in the report's heat map."""
    is_measured = np.isfinite(means)
    winner = np.where(is_measured, means, np.inf).argmin(axis=0)
    comparable = is_measured[0] & is_measured[1:].any(axis=0)
    decided = np.ones_like(comparable)
    for index, name in enumerate(ENSEMBLE_CLASSES, start=1):
        decided &= np.where(winner == index, better[name], True)
        decided &= np.where((winner == 0) & is_measured[index], worse[name], True)
    both = (means[1:] < means[0]).all(axis=0)
    winner = np.where(comparable, winner, NO_CLASS)
    return np.stack([winner, decided & comparable, both & comparable]).astype(np.int64)


def _blocks(column: int, faces: list[list[int]]) -> Iterator[list[int]]:
    """Merge equal cells of a column into blocks."""
    row = 0
    for face, alike in groupby(faces):
        height = len(list(alike))
        yield [column, row, row + height - 1, *face]
        row += height


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
