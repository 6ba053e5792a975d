"""How the switchover depends on the confidence and the margin of the rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.statistics import t_quantile
from ensemble_switchover.analysis.switchover.threshold import find_boundary, first_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.switchover.threshold import Threshold
    from ensemble_switchover.analysis.switchover.verdict import GridCell

CONFIDENCES = (None, 0.8, 0.9, 0.95, 0.99)
"""Confidence levels; None compares the means alone."""
MARGINS = (0.0, 0.5, 1.0, 2.0)
"""Percentage points by which the ensemble must be better."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The switchover under another confidence and margin."""

    confidence: float | None
    """Confidence of each cell's interval; None if the means alone are compared."""
    margin: float
    """Percentage points by which the ensemble must be better."""
    budget: int | None
    """The smallest budget, in parameters, beyond the threshold at the last epoch; None if none."""
    epoch: int | None
    """The smallest epoch beyond the threshold at that budget."""


def vary_rule(
    threshold: Threshold,
    confidences: Sequence[float | None] = CONFIDENCES,
    margins: Sequence[float] = MARGINS,
) -> list[Variant]:
    """Find the switchover under every confidence and margin.

    Args:
        threshold: The switchover of one ensemble class, whose cells are judged again.
        confidences: Confidence levels; None for the means alone.
        margins: Percentage points.

    Returns:
        One variant for each pair, ordered by confidence, then by margin.
    """
    means, errors, pairs = measure_cells(threshold.cells)
    variants = []
    for confidence in confidences:
        half_widths = interval_half_widths(errors, pairs, confidence)
        for margin in margins:
            wins = means + half_widths < -margin  # false where the mean or the interval is NaN
            boundary = find_boundary(threshold.budgets, wins)
            first = first_column(boundary)
            row = None if first is None else boundary[first]
            variants.append(
                Variant(
                    confidence,
                    margin,
                    None if first is None else threshold.budgets[first],
                    None if row is None else threshold.epochs[row],
                )
            )
    return variants


def interval_half_widths(
    errors: NDArray[np.float64], pairs: NDArray[np.int64], confidence: float | None
) -> NDArray[np.float64]:
    """Return the half-width of each cell's interval in percentage points.

    Args:
        errors: Standard errors in percentage points; NaN where there is none.
        pairs: Numbers of paired seeds.
        confidence: Confidence of the intervals; None for half-widths of 0, the means alone.
    """
    if confidence is None:
        return np.zeros_like(errors)
    quantiles = {n: t_quantile(n - 1, confidence) for n in set(pairs[pairs > 1].tolist())}
    factors = np.vectorize(lambda n: quantiles.get(n, np.nan), otypes=[float])(pairs)
    return np.asarray(factors * errors)


def describe_sensitivity(threshold: Threshold, variants: Sequence[Variant]) -> str:
    """Describe the switchover under other confidences and other margins, varied one at a time."""
    levels = [v for v in variants if v.margin == threshold.margin]
    margins = [
        v for v in variants if v.confidence == threshold.confidence and v.margin != threshold.margin
    ]
    parts = [f"{name_level(v.confidence)}: {_describe_variant(v)}" for v in levels]
    parts += [f"a margin of {_points(v.margin)}: {_describe_variant(v)}" for v in margins]
    return f"{threshold.ensemble_class} under other rules: {'; '.join(parts)}."


def name_level(confidence: float | None) -> str:
    """Name a confidence level; None compares the means alone."""
    return "means alone" if confidence is None else f"{100 * confidence:g} %"


def _points(margin: float) -> str:
    return f"{margin:g} percentage {'point' if margin == 1.0 else 'points'}"


def _describe_variant(variant: Variant) -> str:
    if variant.budget is None:
        return "none"
    return f"{variant.budget:,} parameters, epoch {variant.epoch}"


def measure_cells(
    cells: Sequence[Sequence[GridCell]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return mean and standard error in percentage points and number of samples of every cell.

    Means and standard errors are NaN where a cell has none.
    """
    means = [[_or_nan(cell.mean_difference) for cell in column] for column in cells]
    errors = [[_standard_error(cell) for cell in column] for column in cells]
    pairs = [[_num_samples(cell) for cell in column] for column in cells]
    return np.array(means), np.array(errors), np.array(pairs, dtype=np.int64)


def _num_samples(cell: GridCell) -> int:
    return cell.num_pairs if cell.interval is None else cell.interval.num_samples


def _standard_error(cell: GridCell) -> float:
    interval = cell.interval
    if interval is None:
        return float("nan")
    half_width = (interval.upper - interval.lower) / 2.0
    return half_width / t_quantile(interval.num_samples - 1, interval.confidence)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
