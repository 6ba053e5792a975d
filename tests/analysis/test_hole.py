"""Why there is no ensemble at a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.error_grid import build_error_grid
from ensemble_switchover.analysis.hole import Hole, HoleKind, find_holes
from tests.factories import make_record, make_study, planted_error

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def holes_of(records: list[Record]) -> list[Hole]:
    """Find the holes of the only comparison of the records."""
    (comparison,) = group_comparisons(records)
    return find_holes(comparison, build_error_grid(comparison.records))


def test_a_budget_too_small_is_told_from_a_run_that_is_missing() -> None:
    small = make_study(planted_error, depth=20, widths=(8,), holes=[("weq", 0)])
    records = [*small, *make_study(planted_error, holes=[("weq", 1)])]

    holes = holes_of(records)

    assert [(hole.design_class, hole.column) for hole in holes] == [("weq", 0), ("weq", 2)]
    assert [hole.kind for hole in holes] == [HoleKind.NO_DESIGN, HoleKind.NOT_RUN]
    assert "the smallest budget that would do is 76,296 parameters" in holes[0].reason
    assert "no finished run" in holes[1].reason


def test_a_class_left_out_of_the_study_has_no_holes() -> None:
    records = make_study(planted_error, holes=[("weq", i) for i in range(5)])

    assert holes_of(records) == []


def test_single_networks_alone_have_no_holes() -> None:
    assert holes_of([make_record()]) == []
