"""The figure of the members' own test errors."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.member_error import draw_member_error
from tests.reporting.figures.planted_curves import RUNS, TEXTS
from tests.reporting.figures.reading import lines_of, texts_of


def test_the_mean_of_the_members_stands_beside_the_ensemble() -> None:
    figure = draw_member_error(series.member_error_series(RUNS), "test error", TEXTS)

    lines = lines_of(figure.axes[0])
    assert set(lines) == {"single", "deq", "weq", "deq, mean member", "weq, mean member"}
    for name, points in (("deq", 3), ("weq", 2)):
        assert len(lines[name]) == points
        assert lines[f"{name}, mean member"] == pytest.approx([y + 3.0 for y in lines[name]])
    assert "Test error, %" in texts_of(figure)
