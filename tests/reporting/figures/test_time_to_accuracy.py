"""The figure of seconds until the single network's lowest test error."""

from __future__ import annotations

import math

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.time_to_accuracy import draw_time_to_accuracy
from tests.reporting.figures.planted import TEXTS, runs_of
from tests.reporting.figures.reading import bars_of, texts_of


def test_a_design_that_never_gets_there_is_a_missing_bar() -> None:
    figure = draw_time_to_accuracy(series.accuracy_time_series(runs_of()), "test error", TEXTS)

    (axes,) = figure.axes
    bars = bars_of(axes)
    assert bars["single"] == [6.0] * 3  # 5 s of warm-up count as the median second
    assert all(math.isnan(height) for height in bars["weq"])
    # deq is 2 points behind at the first budget; at the last it is 3 ahead, which one seed's noise
    # leaves enough of to be there an epoch, of 4 s, early
    assert math.isnan(bars["deq"][0])
    assert bars["deq"][2] == pytest.approx((20.0 + 24.0 + 24.0) / 3)
    assert [text.get_text() for text in axes.texts].count("×") == 3 + 2  # noqa: RUF001
    assert "lowest test error" in texts_of(figure)
