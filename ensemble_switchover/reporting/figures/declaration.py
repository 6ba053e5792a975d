"""Declarations of figures; the gallery draws every declaration in this folder."""

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
    """Order of the figure among its kind on the page, ascending."""
    name: str
    """Name of its files: letters, digits and underscores; may contain `{compared}`."""
    paper: str | None = None
    """The corresponding figures of the paper, such as `Figures 6 and F`."""
    caption: str
    """May contain `{measure}` and `{Measure}`, the error; `{compared}` and `{Compared}`, by what
    designs are compared, which is the error unless a metric is asked for; `{best}`, its `lowest`
    or `highest`; `{by}`, empty for the error; `{grid_size}`, `{last_epoch}`, `{interval_scope}`."""
    by_condition: bool = False
    """True to draw the figure for each condition with at least two design classes, from its runs
    alone. Times and memory need this, since they are not comparable across conditions."""
    first_position: int | None = None
    """Order of the figure among the first of a page, which it also has while a sweep trains the
    runs; None for a figure that comes later."""
    of_early_exit: bool = False
    """True for a figure of the part on early exit, which uses the runs of all conditions."""
    numbers: Callable[[Finding], pl.DataFrame]
    """Returns the numbers to draw and to write as CSV; without rows the figure is left out."""
    in_words: Callable[[pl.DataFrame], str | None] | None = None
    """Returns the sentence that takes the place of a figure that would show no more; None where the
    figure is drawn."""
    draw: Callable[[pl.DataFrame, Finding, FigureTexts], Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendDeclaration:
    """A figure of the switchover across comparisons."""

    position: int
    """Order of the trend on the page, ascending."""
    name: str
    """Name of its files: letters, digits and underscores."""
    title: str
    """May contain the columns of `tabulate_switchovers` in braces."""
    caption: str
    """May contain `{title}` and `{interval_scope}`."""
    frames: Callable[[pl.DataFrame], list[pl.DataFrame]]
    """Splits the rows of `tabulate_switchovers` into one frame per figure."""
    draw: Callable[[pl.DataFrame, FigureTexts], Figure]


def keep_most_common(runs: pl.DataFrame, column: str) -> pl.DataFrame:
    """Keep the runs with the most common value of a column; none if no run has a value."""
    values = runs[column].drop_nulls()
    if values.is_empty():
        return runs.clear()
    usual = max(values.unique(maintain_order=True), key=values.to_list().count)
    return runs.filter(pl.col(column) == usual)
