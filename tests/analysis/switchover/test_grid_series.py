"""The numbers behind the heat map, the verdict map and the error curve."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.grid_series import (
    cell_series,
    error_series,
    verdict_series,
)
from ensemble_switchover.analysis.switchover.image_grid import ImageGrid
from ensemble_switchover.analysis.switchover.image_verdict import judge_with_images
from ensemble_switchover.analysis.switchover.threshold import find_threshold
from tests.analysis.switchover.planted_images import difference
from tests.factories import make_study, planted_error


def test_cells_hold_the_means_and_the_lowest() -> None:
    grid = build_error_grid(make_study(planted_error, holes=[("weq", 0)]))
    cells = cell_series(grid)

    assert cells.height == 5 * 6
    first, last = cells.row(0, named=True), cells.row(-1, named=True)
    assert first["weq_error_percent"] is None
    assert first["lowest"] == "single"
    assert last["lowest"] == "deq"
    assert last["deq_error_percent"] == pytest.approx(grid.mean_error("deq", 4, 5))


@pytest.mark.parametrize("absent", [("single",), ("deq", "weq")])
def test_a_cell_with_nothing_to_compare_has_no_lowest(absent: tuple[str, ...]) -> None:
    grid = build_error_grid(make_study(planted_error, holes=[(name, 1) for name in absent]))

    cells = cell_series(grid)

    assert set(cells.filter(cells["budget_width"] == 10)["lowest"]) == {None}
    assert None not in set(cells.filter(cells["budget_width"] != 10)["lowest"])


def test_verdicts_hold_differences_and_what_is_beyond() -> None:
    grid = build_error_grid(make_study(planted_error, holes=[("weq", 0)]))
    thresholds = {name: find_threshold(grid, name) for name in ("deq", "weq")}  # type: ignore[arg-type]
    verdicts = verdict_series(grid, thresholds, {})  # type: ignore[arg-type]

    deq = verdicts.filter(verdicts["ensemble_class"] == "deq")
    beyond = {(row["budget_width"], row["epoch"]) for row in deq.to_dicts() if row["beyond"]}
    starts = {12: 4, 14: 3, 16: 2}
    assert beyond == {(w, e) for w, start in starts.items() for e in range(start, 7)}
    assert set(deq.filter(deq["beyond"])["verdict"]) == {"ensemble"}
    hole = verdicts.filter(verdicts["verdict"] == "hole")
    assert hole.height == 6
    assert set(hole["difference_points"]) == {None}


def test_bounds_over_images_are_those_of_the_last_epoch_where_they_are_known() -> None:
    grid = build_error_grid(make_study(planted_error))
    threshold = find_threshold(grid, "deq")
    images = judge_with_images(threshold, ImageGrid({4: difference(runs=1.0, images=9.0)}, (), {}))
    assert images is not None

    verdicts = verdict_series(grid, {"deq": threshold}, {"deq": images})

    (known,) = verdicts.drop_nulls("num_images").to_dicts()
    assert (known["budget_width"], known["epoch"], known["num_images"]) == (16, 6, 200)
    assert known["lower_points_with_images"] < known["lower_points"]
    assert known["upper_points_with_images"] > known["upper_points"]
    assert (known["runs_standard_error_points"], known["images_standard_error_points"]) == (1, 9)
    assert (known["verdict"], known["verdict_with_images"]) == ("ensemble", "undecided")


def test_every_seed_of_the_error_curve_is_there() -> None:
    grid = build_error_grid(make_study(planted_error, holes=[("weq", 0)]))
    errors = error_series(grid)

    assert errors.height == (15 - 1) * 3
    assert set(errors["epoch"]) == {6}
    assert errors.row(0, named=True)["design_class"] == "single"
