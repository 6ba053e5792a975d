"""The figure of how much of its budget each design uses."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.budget_fill import draw_budget_fill
from tests.reporting.figures.planted import TEXTS, runs_of
from tests.reporting.figures.reading import bars_of


def test_budget_fill_is_that_of_the_designs() -> None:
    runs = runs_of()
    figure = draw_budget_fill(series.fill_series(runs), TEXTS)

    (axes,) = figure.axes
    fills = runs.filter((runs["design_class"] == "deq") & (runs["seed"] == 0))["budget_fill"]
    assert bars_of(axes)["deq"] == pytest.approx([100 * fill for fill in fills])
    assert bars_of(axes)["single"] == [100.0] * 3
    assert [float(line.get_ydata()[0]) for line in axes.lines] == [100.0]  # type: ignore[index]
