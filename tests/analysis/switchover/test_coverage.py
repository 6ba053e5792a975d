"""What of a grid is measured, counted by hand."""

from __future__ import annotations

from ensemble_switchover.analysis.switchover.coverage import measure_coverage
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.threshold import find_threshold
from tests.factories import make_record, make_study, planted_error


def test_cells_are_counted_by_verdict() -> None:
    records = [
        *make_study(planted_error, holes=[("deq", 1)]),
        make_record(
            design_class="deq", width=8, seed=7, test_errors=[42.0 - 3.0 * e for e in range(1, 7)]
        ),
    ]
    coverage = measure_coverage(find_threshold(build_error_grid(records), "deq"))

    assert (coverage.num_budgets, coverage.num_compared, coverage.num_epochs) == (5, 4, 6)
    assert (coverage.fewest_seeds, coverage.most_seeds) == (3, 4)  # seed 7 of deq counts too
    # from epochs 4, 3 and 2 on at the last three budgets
    assert coverage.num_cells == {"ensemble": 12, "single": 12, "undecided": 0, "hole": 6}


def test_nothing_to_compare_is_all_holes() -> None:
    records = make_study(planted_error, holes=[("weq", column) for column in range(5)])
    coverage = measure_coverage(find_threshold(build_error_grid(records), "weq"))

    assert (coverage.num_compared, coverage.fewest_seeds, coverage.most_seeds) == (0, 0, 0)
    assert coverage.num_cells["hole"] == 30
