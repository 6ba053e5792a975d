"""The figure of the switchover along the data sets."""

from __future__ import annotations

from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.switchover_by_data import draw_switchover_by_data
from tests.reporting.figures.planted_switchovers import frame
from tests.reporting.figures.reading import texts_of


def test_data_are_named_with_their_error() -> None:
    numbers = frame(
        {}, {"setting": "resnet on hard", "dataset": "hard", "data_complexity_percent": 30.0}
    )
    figure = draw_switchover_by_data(numbers, FigureTexts("resnet, k = 4", "95 %"))

    shown = texts_of(figure)
    assert "digits\n5.0 %" in shown
    assert "hard\n30.0 %" in shown
