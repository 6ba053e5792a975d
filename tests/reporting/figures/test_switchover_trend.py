"""The switchover along k and along the data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl
import pytest

from ensemble_switchover.analysis.switchover.across_comparisons import SWITCHOVER_COLUMNS
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.style import encode_figure
from ensemble_switchover.reporting.figures.switchover_by_data import draw_switchover_by_data
from ensemble_switchover.reporting.figures.switchover_by_k import draw_switchover_by_k
from tests.reporting.figures.reading import texts_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = {
    "setting": "resnet on digits",
    "family": "resnet",
    "dataset": "digits",
    "data_complexity_percent": 5.0,
    "source": "rule",
    "k": 4,
    "ensemble_class": "deq",
    "above_parameters": 100_000,
    "earliest_parameters": 200_000,
    "switchover_parameters": 200_000,
    "switchover_epoch": 3,
    "last_epoch": 9,
    "confidence": 0.95,
    "conditions": "3 seeds",
}


def frame(*changes: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{**ROW, **change} for change in changes], schema=SWITCHOVER_COLUMNS)


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
    assert {"2", "4", "8", "Members k", "400 k"} <= set(texts_of(figure).splitlines())
    assert "not found: higher, or undecided" in texts_of(figure)
    assert encode_figure(figure, "png").startswith(b"\x89PNG")


def test_data_are_named_with_their_error() -> None:
    numbers = frame(
        {}, {"setting": "resnet on hard", "dataset": "hard", "data_complexity_percent": 30.0}
    )
    figure = draw_switchover_by_data(numbers, FigureTexts("resnet, k = 4", "95 %"))

    shown = texts_of(figure)
    assert "digits\n5.0 %" in shown
    assert "hard\n30.0 %" in shown


def test_long_names_and_conditions_do_not_cover_each_other() -> None:
    hard = {"setting": f"resnet on fractals ({'a dataset option 7, ' * 4})", "dataset": "fractals"}
    other = {**hard, "setting": f"{hard['setting']} 2", "data_complexity_percent": 30.0}
    conditions = "\n".join(["95 %", *(f"4 seeds, device {n}" for n in range(4))])
    figure = draw_switchover_by_data(frame(hard, other), FigureTexts("resnet, k = 4", conditions))
    figure.draw_without_rendering()  # type: ignore[no-untyped-call]

    (axes,) = figure.axes
    (footer,) = [text for text in figure.texts if text.get_text().startswith("95 %")]
    label = axes.xaxis.label.get_window_extent()
    names = [tick.get_window_extent() for tick in axes.get_xticklabels()]
    assert label.y0 > footer.get_window_extent().y1
    assert min(name.y0 for name in names) > label.y1
    assert names[0].x1 < names[1].x0
    assert "resnet on" not in axes.get_xticklabels()[0].get_text()
