"""The figure of the switchover along k."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.style import encode_figure
from ensemble_switchover.reporting.figures.switchover_by_k import draw_switchover_by_k
from tests.reporting.figures.planted_switchovers import frame
from tests.reporting.figures.reading import texts_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def points(axes: Axes, label: str) -> tuple[list[float], list[float]]:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return list(line.get_xdata()), list(line.get_ydata())  # type: ignore[arg-type]


def test_found_switchovers_are_joined_and_their_ranges_drawn() -> None:
    numbers = frame(
        {"k": 2},
        {"k": 4, "switchover_parameters": 400_000},
        {"k": 4, "ensemble_class": "weq", "switchover_parameters": None},
        {"k": 8, "switchover_parameters": None, "earliest_parameters": None},
    )
    figure = draw_switchover_by_k(numbers, FigureTexts("resnet on digits", "95 %"))

    (axes,) = figure.axes
    xs, ys = points(axes, "deq")
    assert [round(x) for x in xs] == [0, 1, 2]
    assert ys == pytest.approx([200_000, 400_000, math.nan], nan_ok=True)
    ranges = [list(line.get_ydata()) for line in axes.lines if line.get_linewidth() > 3]
    assert [200_000, 400_000] in ranges  # how low it may lie for k = 4
    assert points(axes, "weq")[1] == pytest.approx([math.nan], nan_ok=True)
    hollow = [
        list(line.get_ydata()) for line in axes.lines if line.get_markerfacecolor() == "white"
    ]
    assert hollow == [[100_000], [200_000]]  # above the largest budget; undecided from there on
    assert {"2", "4", "8", "Number of members k", "400 k"} <= set(texts_of(figure).splitlines())
    assert "not found: higher or undecided" in texts_of(figure)
    assert encode_figure(figure, "png").startswith(b"\x89PNG")
