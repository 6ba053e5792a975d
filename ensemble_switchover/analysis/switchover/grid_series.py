"""The numbers behind the maps and the error curve of one comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ensemble_switchover.analysis.shown_interval import show_interval
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.image_verdict import ImageCell, ImageVerdict
    from ensemble_switchover.analysis.switchover.threshold import Threshold

_BUDGET_COLUMNS: dict[str, type[pl.DataType]] = {
    "budget_parameters": pl.Int64,
    "budget_depth": pl.Int64,
    "budget_width": pl.Int64,
}
_IMAGE_COLUMNS: dict[str, type[pl.DataType]] = {
    "verdict_with_images": pl.String,
    "lower_points_with_images": pl.Float64,
    "upper_points_with_images": pl.Float64,
    "runs_standard_error_points": pl.Float64,
    "images_standard_error_points": pl.Float64,
    "num_images": pl.Int64,
}


def verdict_series(
    grid: ErrorGrid,
    thresholds: Mapping[DesignClassName, Threshold],
    images: Mapping[DesignClassName, ImageVerdict],
) -> pl.DataFrame:
    """Return one row per cell and ensemble class: the verdict against the single network.

    Differences are ensemble minus single in percentage points (or in the unit of the metric, which
    ends their names), null where there are none. `beyond`
    states whether the cell lies beyond the switchover. Bounds are over seeds; those `with_images`
    are over seeds and images, and null but after the last epoch where predictions were kept.

    Args:
        grid: The errors of the comparison.
        thresholds: The switchover of every ensemble class.
        images: The same with the sampling of the images in, of the classes that have one.
    """
    rows, metric = [], grid.metric
    suffix = metric.unit.suffix
    for name, threshold in thresholds.items():
        for column, cells in enumerate(threshold.cells):
            first = threshold.boundary_epochs[column]
            for row, cell in enumerate(cells):
                interval, mean = cell.interval, cell.mean_difference
                shown = None if interval is None else show_interval(interval, metric)
                is_last = row == len(cells) - 1
                of_images = images[name].cells.get(column) if is_last and name in images else None
                rows.append(
                    {
                        **_budget(grid, column),
                        "epoch": grid.epochs[row],
                        "ensemble_class": name,
                        "verdict": cell.verdict.value,
                        f"difference_{suffix}": None
                        if mean is None
                        else metric.shown_difference(mean),
                        f"lower_{suffix}": shown.lower if shown else None,
                        f"upper_{suffix}": shown.upper if shown else None,
                        "num_ensemble_seeds": cell.num_ensemble_seeds,
                        "num_single_seeds": cell.num_single_seeds,
                        "by_pools": cell.by_pools,
                        "beyond": first is not None and grid.epochs[row] >= first,
                        **_image_columns(of_images),
                    }
                )
    schema: dict[str, type[pl.DataType]] = {
        **_BUDGET_COLUMNS,
        "epoch": pl.Int64,
        "ensemble_class": pl.String,
        "verdict": pl.String,
        f"difference_{suffix}": pl.Float64,
        f"lower_{suffix}": pl.Float64,
        f"upper_{suffix}": pl.Float64,
        "num_ensemble_seeds": pl.Int64,
        "num_single_seeds": pl.Int64,
        "by_pools": pl.Boolean,
        "beyond": pl.Boolean,
        **_IMAGE_COLUMNS,
    }
    return pl.DataFrame(rows, schema=schema)


def _image_columns(cell: ImageCell | None) -> dict[str, Any]:
    if cell is None:
        return dict.fromkeys(_IMAGE_COLUMNS)
    values = (
        cell.verdict.value,
        cell.interval.lower,
        cell.interval.upper,
        cell.difference.runs_standard_error,
        cell.difference.images_standard_error,
        cell.difference.num_images,
    )
    return dict(zip(_IMAGE_COLUMNS, values, strict=True))


def cell_series(grid: ErrorGrid) -> pl.DataFrame:
    """Return one row per cell: the mean error in percent of each class, and the best class.

    Where another metric is compared, its means stand in place of the errors, in its own unit. The
    class is null where an ensemble or the single network is missing.
    """
    rows, metric = [], grid.metric
    best = "lowest" if metric.is_error else "best"
    for column in range(len(grid.budgets)):
        for row, epoch in enumerate(grid.epochs):
            means = {name: grid.mean_error(name, column, row) for name in DESIGN_CLASSES}
            measured = {name: mean for name, mean in means.items() if mean is not None}
            is_compared = "single" in measured and len(measured) > 1
            lowest = min(measured.items(), key=lambda item: item[1])[0] if is_compared else None
            shown = {
                f"{name}_{metric.column}": None if mean is None else metric.shown(mean)
                for name, mean in means.items()
            }
            rows.append({**_budget(grid, column), "epoch": epoch, **shown, best: lowest})
    schema: dict[str, type[pl.DataType]] = {
        **_BUDGET_COLUMNS,
        "epoch": pl.Int64,
        **{f"{name}_{metric.column}": pl.Float64 for name in DESIGN_CLASSES},
        best: pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


def error_series(grid: ErrorGrid) -> pl.DataFrame:
    """Return one row per design and seed: the error in percent after the last common epoch.

    Where another metric is compared, its value stands in place of the error, in its own unit.
    """
    metric = grid.metric
    last = len(grid.epochs) - 1
    rows = [
        {
            **_budget(grid, column),
            "design_class": name,
            "k": design.k,
            "budget_fill": design.budget_fill,
            "epoch": grid.epochs[last],
            "seed": seed,
            metric.column: metric.shown(error),
        }
        for (name, column), design in sorted(
            grid.designs.items(), key=lambda item: (item[0][1], DESIGN_CLASSES.index(item[0][0]))
        )
        for seed, error in grid.errors(name, column, last).items()
    ]
    schema: dict[str, type[pl.DataType]] = {
        **_BUDGET_COLUMNS,
        "design_class": pl.String,
        "k": pl.Int64,
        "budget_fill": pl.Float64,
        "epoch": pl.Int64,
        "seed": pl.Int64,
        metric.column: pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema)


def _budget(grid: ErrorGrid, column: int) -> dict[str, Any]:
    budget = grid.budgets[column]
    return {
        "budget_parameters": budget.parameters,
        "budget_depth": budget.depth,
        "budget_width": budget.width,
    }
