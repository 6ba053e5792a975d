"""The figure of seconds until the single network's lowest test error."""

from __future__ import annotations

import math

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.figures.time_to_accuracy import draw_time_to_accuracy
from tests.factories import make_record
from tests.reporting.figures.planted import TEXTS, runs_of
from tests.reporting.figures.reading import bars_of, texts_of


def test_a_design_that_never_gets_there_is_a_missing_bar() -> None:
    figure = draw_time_to_accuracy(series.accuracy_time_series(runs_of()), "test error", TEXTS)

    (axes,) = figure.axes
    bars = bars_of(axes)
    assert bars["single"] == [6.0] * 3  # 5 s of warm-up count as the median second
    assert all(math.isnan(height) for height in bars["weq"])
    # deq is 2 points behind at the first two budgets; at the last it is 3 ahead, enough for all but
    # the worst seed to be as good as the mean an epoch, of 4 s, early
    assert math.isnan(bars["deq"][0])
    assert bars["deq"][2] == pytest.approx((20.0 + 20.0 + 24.0) / 3)
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("×") == texts.count("0 of 3") == 3 + 2  # noqa: RUF001
    assert "lowest test error" in texts_of(figure)


def test_a_missing_bar_tells_how_many_seeds_reach_the_target() -> None:
    records = [
        *(make_record(seed=seed, test_errors=[30.0, 10.0]) for seed in range(3)),
        *(
            make_record(design_class="deq", seed=seed, test_errors=[30.0, last])
            for seed, last in enumerate((9.0, 11.0, 10.0))
        ),
    ]
    numbers = series.accuracy_time_series(tabulate_runs(records))

    (axes,) = draw_time_to_accuracy(numbers, "test error", TEXTS).axes

    assert [text.get_text() for text in axes.texts] == ["×", "2 of 3"]  # noqa: RUF001
    assert numbers["num_seeds_reached_common"].to_list() == [3, 2]
