"""The figure of seconds per epoch."""

from __future__ import annotations

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.epoch_time import draw_epoch_time
from ensemble_switchover.reporting.figures.style import COLOURS
from tests.reporting.figures.planted import TEXTS, runs_of
from tests.reporting.figures.reading import bars_of, colours_of, texts_of


def test_epoch_time_is_drawn_by_class_and_budget() -> None:
    figure = draw_epoch_time(series.epoch_time_series(runs_of(holes=[("weq", 1)])), TEXTS)

    (axes,) = figure.axes
    assert bars_of(axes) == {"single": [1.0] * 3, "deq": [4.0] * 3, "weq": [4.0] * 2}
    assert colours_of(axes) == COLOURS
    shown = texts_of(figure)
    assert {"title", TEXTS.conditions, "Time per epoch, s", "92 k"} <= set(shown.splitlines())
