"""What the file of a figure declares; the gallery draws every declaration of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDeclaration:
    """A figure of one comparison."""

    position: int
    """Figures stand on the page in ascending order of it."""
    name: str
    """Of its files: letters, digits and underscores; may contain `{measure}`."""
    paper: str | None = None
    """The paper's figures that show the same, such as `Figures 6 and F`."""
    caption: str
    """May contain `{measure}`, `{Measure}`, `{grid_size}`, `{last_epoch}` and `{sentences}`."""
    by_condition: bool = False
    """Whether it is drawn once for each condition that compares design classes, from the runs under
    it: for times and memory, which cannot be compared across conditions."""
    numbers: Callable[[Finding], pl.DataFrame]
    """The rows that are drawn and written as CSV; without rows the figure is left out."""
    draw: Callable[[pl.DataFrame, Finding, FigureTexts], Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendDeclaration:
    """A figure across comparisons: how the switchover moves."""

    position: int
    """Trends stand on the page in ascending order of it."""
    name: str
    """Of its files: letters, digits and underscores."""
    title: str
    """May contain the columns of `tabulate_switchovers` in braces."""
    caption: str
    """May contain `{title}`."""
    frames: Callable[[pl.DataFrame], list[pl.DataFrame]]
    """Splits the rows of `tabulate_switchovers` into one frame a figure."""
    draw: Callable[[pl.DataFrame, FigureTexts], Figure]


def keep_most_common(runs: pl.DataFrame, column: str) -> pl.DataFrame:
    """Keep the runs that have the column's most common value; none where no run has a value."""
    values = runs[column].drop_nulls()
    if values.is_empty():
        return runs.clear()
    usual = max(values.unique(maintain_order=True), key=values.to_list().count)
    return runs.filter(pl.col(column) == usual)
