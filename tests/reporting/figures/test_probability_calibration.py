"""The figure of calibration."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.member_error import draw_member_error
from ensemble_switchover.reporting.figures.probability_calibration import draw_calibration
from ensemble_switchover.reporting.figures.style import encode_figure
from tests.reporting.figures.planted_curves import RUNS, TEXTS
from tests.reporting.figures.reading import lines_of, texts_of


def test_calibration_has_a_panel_for_each_measure() -> None:
    figure = draw_calibration(series.calibration_series(RUNS), TEXTS)

    upper, lower = figure.axes
    assert lines_of(upper)["deq"] == pytest.approx([0.05] * 3)
    errors = lines_of(draw_member_error(series.member_error_series(RUNS), "x", TEXTS).axes[0])
    assert lines_of(lower)["deq"] == pytest.approx([y / 50 for y in errors["deq"]])
    assert {"ECE (15 bins)", "NLL, nats"} <= set(texts_of(figure).splitlines())
    assert encode_figure(figure, "svg").startswith(b"<?xml")
