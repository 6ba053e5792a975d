"""The figure of the members' own test errors."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.figures.member_error import (
    MEMBER_ERROR_FIGURE,
    draw_member_error,
)
from tests.factories import make_study, planted_error
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


def test_ensembles_of_one_member_have_no_such_figure() -> None:
    records = make_study(planted_error, widths=(8, 10), num_epochs=2, seeds=(0, 1), k=1)
    (comparison,) = group_comparisons(records)
    assert MEMBER_ERROR_FIGURE.numbers(derive_finding(comparison)).is_empty()
