"""The switchover at the last epoch, with the sampling of the test images counted in.

Intervals over seeds cover the randomness of training, given these test images. With the images in,
an interval covers other test images of the same kind, too. It is never narrower than that over
seeds: an estimate of what the images add can be too low, and raises the degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble_switchover.analysis.statistics import Interval
from ensemble_switchover.analysis.switchover.range import find_range, range_switchover
from ensemble_switchover.analysis.switchover.threshold import find_boundary, first_column
from ensemble_switchover.analysis.switchover.verdict import Verdict, judge_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.analysis.image_sampling import CrossedDifference
    from ensemble_switchover.analysis.switchover.image_grid import ImageGrid
    from ensemble_switchover.analysis.switchover.range import SwitchoverRange
    from ensemble_switchover.analysis.switchover.threshold import Threshold


@dataclass(frozen=True, slots=True)
class ImageCell:
    """A cell after the last epoch, with the sampling of the images in its interval."""

    verdict: Verdict
    interval: Interval
    """Ensemble minus single in percentage points, over seeds and images."""
    difference: CrossedDifference
    """What the interval follows from."""


@dataclass(frozen=True, slots=True)
class ImageVerdict:
    """The switchover of one ensemble class at the last epoch, over seeds and images."""

    num_images: int
    cells: Mapping[int, ImageCell] = field(repr=False)
    """Index of the budget -> cell; only where the predictions of all runs are known."""
    missing_budgets: tuple[int, ...]
    """Budgets in parameters that seeds can decide, and whose predictions are missing."""
    budget: int | None
    """The smallest budget in parameters beyond the switchover; None if none is."""
    range: SwitchoverRange
    filled_range: SwitchoverRange
    """The range if budgets without predictions are decided as over seeds alone."""
    seeds_range: SwitchoverRange
    """The range by the intervals over seeds alone."""

    @property
    def differs(self) -> bool | None:
        """Whether the images make the answer another than that of the intervals over seeds.

        None if it is another only because predictions are missing.
        """
        if str(self.range) == str(self.seeds_range):
            return False
        return True if str(self.filled_range) != str(self.seeds_range) else None

    @property
    def widening(self) -> float:
        """The largest ratio of a cell's standard error over seeds and images to that over seeds."""
        found = [cell.difference for cell in self.cells.values()]
        return max(each.standard_error / each.runs_standard_error for each in found)


def judge_with_images(
    threshold: Threshold, images: ImageGrid, num_too_small: int = 0
) -> ImageVerdict | None:
    """Judge the budgets after the last epoch with the sampling of the images in.

    Args:
        threshold: The switchover over seeds.
        images: The same cells, compared image by image.
        num_too_small: Number of the smallest budgets for which no such network exists.

    Returns:
        The verdict; None if no cell can be compared image by image. Cells without predictions count
        as undecided.
    """
    cells: dict[int, ImageCell] = {}
    missing: list[int] = []
    verdicts: list[Verdict] = []
    filled: list[Verdict] = []
    for column, budget in enumerate(threshold.budgets):
        cell = threshold.cells[column][-1]
        verdict = known = cell.verdict
        if cell.interval is not None:
            difference = images.differences.get(column)
            if difference is None:
                verdict = Verdict.UNDECIDED
                missing.append(budget)
            else:
                interval = _cover(cell.interval, difference.interval(threshold.rule.confidence))
                verdict = known = judge_interval(interval, threshold.rule.margin)
                cells[column] = ImageCell(verdict, interval, difference)
        verdicts.append(verdict)
        filled.append(known)
    if not cells:
        return None
    found = _range_of(verdicts, threshold.budgets, num_too_small)
    return ImageVerdict(
        num_images=next(iter(cells.values())).difference.num_images,
        cells=cells,
        missing_budgets=tuple(missing),
        budget=None if math.isinf(found.at) else int(found.at),
        range=found,
        filled_range=_range_of(filled, threshold.budgets, num_too_small),
        seeds_range=range_switchover(threshold),
    )


def image_values(verdict: ImageVerdict | None, threshold: Threshold) -> dict[str, Any] | None:
    """Return the verdict as plain values for programs."""
    if verdict is None:
        return None
    return {
        "num_images": verdict.num_images,
        "budget_parameters": verdict.budget,
        "range": str(verdict.range),
        "differs": verdict.differs,
        "missing_budgets_parameters": list(verdict.missing_budgets),
        "cells": [
            {
                "budget_parameters": threshold.budgets[column],
                "verdict": cell.verdict.value,
                "lower_points": cell.interval.lower,
                "upper_points": cell.interval.upper,
                "runs_standard_error_points": cell.difference.runs_standard_error,
                "images_standard_error_points": cell.difference.images_standard_error,
            }
            for column, cell in verdict.cells.items()
        ],
    }


def _range_of(
    verdicts: Sequence[Verdict], budgets: Sequence[int], num_too_small: int
) -> SwitchoverRange:
    """Return the range of the switchover by the verdicts at the budgets."""
    not_lost = np.array([[verdict is not Verdict.SINGLE] for verdict in verdicts])
    not_lost[:num_too_small] = False
    wins = np.array([[verdict is Verdict.ENSEMBLE] for verdict in verdicts])
    first = first_column(find_boundary(budgets, wins))
    earliest = first_column(find_boundary(budgets, not_lost))
    return find_range(
        budgets,
        None if earliest is None else budgets[earliest],
        None if first is None else budgets[first],
    )


def _cover(one: Interval, other: Interval) -> Interval:
    """Return the smallest interval that holds both, around the mean of the first."""
    lower, upper = min(one.lower, other.lower), max(one.upper, other.upper)
    return Interval(one.mean, lower, upper, one.confidence, one.num_samples)
