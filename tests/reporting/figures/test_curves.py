"""Curves against the budget: members' errors and calibration."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.table import tabulate_runs
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.calibration import draw_calibration
from ensemble_switchover.reporting.figures.member_error import draw_member_error
from ensemble_switchover.reporting.figures.style import encode_figure
from tests.factories import make_study, planted_error
from tests.reporting.figures.reading import lines_of, texts_of

TEXTS = FigureTexts("title", "conditions")
RUNS = tabulate_runs(
    make_study(planted_error, widths=(8, 12, 16), holes=[("weq", 0)], member_error_excess=3.0)
)


def test_the_mean_of_the_members_stands_beside_the_ensemble() -> None:
    figure = draw_member_error(series.member_error_series(RUNS), "test error", TEXTS)

    lines = lines_of(figure.axes[0])
    assert set(lines) == {"single", "deq", "weq", "deq, mean member", "weq, mean member"}
    for name, points in (("deq", 3), ("weq", 2)):
        assert len(lines[name]) == points
        assert lines[f"{name}, mean member"] == pytest.approx([y + 3.0 for y in lines[name]])
    assert "Test error, %" in texts_of(figure)


def test_calibration_has_a_panel_for_each_measure() -> None:
    figure = draw_calibration(series.calibration_series(RUNS), TEXTS)

    upper, lower = figure.axes
    assert lines_of(upper)["deq"] == pytest.approx([0.05] * 3)
    errors = lines_of(draw_member_error(series.member_error_series(RUNS), "x", TEXTS).axes[0])
    assert lines_of(lower)["deq"] == pytest.approx([y / 50 for y in errors["deq"]])
    assert {"ECE (15 bins)", "NLL, nats"} <= set(texts_of(figure).splitlines())
    assert encode_figure(figure, "svg").startswith(b"<?xml")
