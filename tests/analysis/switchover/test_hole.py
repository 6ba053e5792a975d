"""Why there is no design of a class at a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.hole import (
    GridHole,
    HoleKind,
    count_too_small,
    find_holes,
)
from ensemble_switchover.analysis.switchover.range import range_switchover
from tests.factories import make_record, make_study, planted_error

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def holes_of(records: list[Record]) -> list[GridHole]:
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


def test_a_budget_whose_single_network_is_missing_is_told() -> None:
    records = make_study(planted_error, holes=[("single", 1)])

    (hole,) = holes_of(records)

    assert (hole.design_class, hole.column, hole.kind) == ("single", 1, HoleKind.NOT_RUN)
    assert (
        hole.reason
        == "the folder has no finished run of the single network that defines the budget"
    )


def test_single_networks_alone_have_no_holes() -> None:
    assert holes_of([make_record()]) == []


def test_only_the_smallest_budgets_are_too_small() -> None:
    budget = make_record().budget
    holes = [
        GridHole(name, column, budget, kind, "")
        for name, column, kind in (
            ("weq", 0, HoleKind.NO_DESIGN),
            ("weq", 1, HoleKind.NO_DESIGN),
            ("weq", 2, HoleKind.NOT_RUN),
            ("weq", 3, HoleKind.NO_DESIGN),
            ("deq", 0, HoleKind.NOT_RUN),
        )
    ]

    assert count_too_small(holes, "weq") == 2  # type: ignore[arg-type]
    assert count_too_small(holes, "deq") == 0  # type: ignore[arg-type]


def test_a_switchover_is_not_where_no_such_network_exists() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        return 20.0 + 0.1 * seed - (3.0 + 0.01 * seed) * (name == "weq")

    small = make_study(error, depth=20, widths=(8,), holes=[("weq", 0)])
    (comparison,) = group_comparisons([*small, *make_study(error)])

    weq = derive_finding(comparison).thresholds["weq"]

    assert (weq.earliest_budget, weq.budget) == (92_322, 92_322)
    assert range_switchover(weq).above == 67_906
    assert str(range_switchover(weq)) == "92,322 parameters"
