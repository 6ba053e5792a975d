"""The switchover against how complex the data are (what the paper's Figure 2(a) to (c) show)."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.switchover.across_comparisons import switchovers_by_data
from ensemble_switchover.reporting.figures.declaration import TrendDeclaration
from ensemble_switchover.reporting.figures.switchover_trend import TrendAxis, draw_switchover_trend

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts

_LETTERS = 80
"""How many the names of all data sets have room for side by side."""


def draw_switchover_by_data(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw where ensembles switch over on each data set, the easiest first.

    Args:
        numbers: One of the frames of `switchovers_by_data`.
        texts: Title and conditions.
    """
    columns = ("family", "setting", "dataset", "data_complexity_percent")
    rows = list(dict.fromkeys(numbers.select(columns).iter_rows()))
    is_told_by_name = len({dataset for _, _, dataset, _ in rows}) == len(rows)
    room = max(10, _LETTERS // len(rows))
    names = []
    for family, setting, dataset, complexity in rows:
        name = dataset if is_told_by_name else setting.removeprefix(f"{family} on ")
        names.append(f"{textwrap.fill(name, room)}\n{complexity:.1f} %")
    steps = TrendAxis("setting", names, "Data, with the error of the largest single network")
    shows = "Smallest budget beyond the switchover after the last epoch, and how low it may lie"
    return draw_switchover_trend(numbers, steps, shows, texts)


SWITCHOVER_BY_DATA_TREND = TrendDeclaration(
    position=20,
    name="switchover_by_data",
    title="{family}, k = {k}",
    caption="The switchover against how complex the data are: {title}.",
    frames=switchovers_by_data,
    draw=draw_switchover_by_data,
)
