"""The switchover against the complexity of the data (compare the paper's Figure 2(a) to (c))."""

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
"""Number of letters that fit side by side under the axis."""


def draw_switchover_by_data(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    """Draw the switchover on each data set, the easiest first.

    Args:
        numbers: A frame from `switchovers_by_data`.
        texts: Title and conditions.
    """
    columns = ("family", "setting", "dataset", "data_complexity_percent")
    rows = list(dict.fromkeys(numbers.select(columns).iter_rows()))
    are_names_unique = len({dataset for _, _, dataset, _ in rows}) == len(rows)
    room = max(10, _LETTERS // len(rows))
    names = []
    for family, setting, dataset, complexity in rows:
        name = dataset if are_names_unique else setting.removeprefix(f"{family} on ")
        names.append(f"{textwrap.fill(name, room)}\n{complexity:.1f} %")
    steps = TrendAxis("setting", names, "Data set, with the error of the largest single network")
    shows = "Smallest budget beyond the switchover after the last epoch, and its lower bound"
    return draw_switchover_trend(numbers, steps, shows, texts)


SWITCHOVER_BY_DATA_TREND = TrendDeclaration(
    position=20,
    name="switchover_by_data",
    title="{family}, k = {k}",
    caption="The switchover against the complexity of the data: {title}. {interval_scope}",
    frames=switchovers_by_data,
    draw=draw_switchover_by_data,
)
