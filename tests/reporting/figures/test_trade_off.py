"""Error against cost."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.trade_off import MEMORY, TRAINING_TIME, draw_trade_off
from tests.factories import make_record
from tests.reporting.figures.reading import lines_of, texts_of

MEBIBYTE = 1024**2


def test_the_front_joins_the_designs_that_no_other_beats() -> None:
    points = [(8, "single", 1.0, 9.0), (12, "single", 3.0, 7.0), (12, "deq", 5.0, 8.0)]
    points += [(16, "single", 6.0, 4.0), (16, "weq", 9.0, 3.0)]
    runs = tabulate_runs(
        [
            make_record(
                width=width,
                design_class=name,  # type: ignore[arg-type]
                test_errors=[error] * 2,
                epoch_seconds=[seconds] * 2,
                peak_device_bytes=round(seconds * MEBIBYTE),
            )
            for width, name, seconds, error in points
        ]
    )
    numbers = series.trade_off_series(series.training_time_series(runs), TRAINING_TIME.column, runs)
    figure = draw_trade_off(
        numbers, TRAINING_TIME, "test error", FigureTexts("title", "conditions")
    )

    (axes,) = figure.axes
    front = next(line for line in axes.lines if line.get_label() == "Pareto front")
    assert list(front.get_xdata()) == [2.0, 6.0, 12.0, 18.0]  # two epochs
    assert list(front.get_ydata()) == [9.0, 7.0, 4.0, 3.0]
    assert lines_of(axes) == {"single": [9.0, 7.0, 4.0], "deq": [8.0], "weq": [3.0]}
    shown = texts_of(figure)
    assert "Training time of the whole run, s" in shown
    assert "92 k" in shown

    memory = series.trade_off_series(series.memory_series(runs), MEMORY.column, runs)
    (axes,) = draw_trade_off(memory, MEMORY, "test error", FigureTexts("t", "c")).axes
    (front,) = [line for line in axes.lines if line.get_label() == "Pareto front"]
    assert list(front.get_xdata()) == pytest.approx([1.0, 3.0, 6.0, 9.0])
