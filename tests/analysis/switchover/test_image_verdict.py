"""The switchover with the sampling of the images in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.switchover.image_grid import ImageGrid
from ensemble_switchover.analysis.switchover.image_verdict import image_values, judge_with_images
from ensemble_switchover.analysis.switchover.verdict import Verdict
from tests.analysis.switchover.planted_images import NUM_IMAGES, difference
from tests.analysis.switchover.planted_thresholds import PARAMETERS, deq_threshold
from tests.factories import planted_error

if TYPE_CHECKING:
    from ensemble_switchover.analysis.image_sampling import CrossedDifference
    from ensemble_switchover.analysis.switchover.image_verdict import ImageVerdict

MEANS = (2.0, 2.0, -3.0, -3.0, -3.0)
"""About the planted differences of deq after the last epoch: it switches over at the third."""


def grid(**others: CrossedDifference | None) -> ImageGrid:
    """Make the comparisons of all five budgets, with others for `b0` to `b4`; None is missing."""
    found = {column: difference(mean) for column, mean in enumerate(MEANS)}
    for name, other in others.items():
        if other is None:
            del found[int(name[1:])]
        else:
            found[int(name[1:])] = other
    return ImageGrid(found, (), {})


def judge(images: ImageGrid) -> ImageVerdict:
    verdict = judge_with_images(deq_threshold(planted_error), images)
    assert verdict is not None
    return verdict


def test_images_that_add_little_change_nothing() -> None:
    verdict = judge(grid())

    assert not verdict.differs
    assert verdict.budget == PARAMETERS[2]
    assert str(verdict.range) == str(verdict.seeds_range) == "206,734 parameters"
    assert verdict.num_images == NUM_IMAGES
    assert verdict.missing_budgets == ()


@pytest.mark.parametrize(
    ("column", "mean", "said"),
    [
        (1, 2.0, "143,840 to 206,734 parameters"),
        (2, -3.0, "206,734 to 281,004 parameters"),
        (4, -3.0, "undecided from 206,734 parameters on"),
    ],
)
def test_a_cell_that_the_images_leave_open_moves_the_range(
    column: int, mean: float, said: str
) -> None:
    verdict = judge(grid(**{f"b{column}": difference(mean, images=5.0)}))

    assert verdict.differs
    assert str(verdict.range) == said
    assert verdict.cells[column].verdict is Verdict.UNDECIDED
    assert str(verdict.seeds_range) == "206,734 parameters"


def test_it_is_never_decided_by_fewer_doubts_than_the_seeds_leave() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        return 20.0 + 2.0 * seed - 0.5 * (name == "deq")

    threshold = deq_threshold(error)
    sure = ImageGrid({c: difference(-0.5, runs=0.01, images=0.0) for c in range(5)}, (), {})
    verdict = judge_with_images(threshold, sure)

    assert verdict is not None
    assert {cell.verdict for cell in verdict.cells.values()} == {Verdict.UNDECIDED}
    for column, cell in verdict.cells.items():
        assert cell.interval == threshold.cells[column][-1].interval


def test_a_budget_without_predictions_counts_as_undecided() -> None:
    verdict = judge(grid(b3=None))

    assert verdict.missing_budgets == (PARAMETERS[3],)
    assert str(verdict.range) == "206,734 to 366,650 parameters"
    assert verdict.differs is None


def test_missing_predictions_do_not_hide_what_the_images_change() -> None:
    verdict = judge(grid(b3=None, b4=difference(-3.0, images=5.0)))

    assert verdict.differs is True
    assert verdict.missing_budgets == (PARAMETERS[3],)


def test_budgets_that_seeds_cannot_decide_are_not_missing() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        noise = 0.0 if column == 0 else 0.1 * seed  # equal errors give no interval
        return 20.0 + noise - 3.0 * (name == "deq")

    threshold = deq_threshold(error, holes=[("deq", 1)])
    images = ImageGrid({column: difference() for column in (2, 3, 4)}, (), {})
    verdict = judge_with_images(threshold, images)

    assert verdict is not None
    assert verdict.missing_budgets == ()
    assert verdict.budget == PARAMETERS[2]


def test_without_any_predictions_there_is_no_verdict() -> None:
    threshold = deq_threshold(planted_error)

    assert judge_with_images(threshold, ImageGrid({}, ("a",), {})) is None
    assert image_values(None, threshold) is None


def test_the_smallest_budgets_without_a_network_are_ruled_out() -> None:
    threshold = deq_threshold(planted_error, holes=[("deq", 0), ("deq", 1)])
    images = ImageGrid({column: difference() for column in (2, 3, 4)}, (), {})

    open_below = judge_with_images(threshold, images)
    ruled_out = judge_with_images(threshold, images, num_too_small=2)

    assert open_below is not None
    assert ruled_out is not None
    assert str(open_below.range) == "at most 206,734 parameters"
    assert str(ruled_out.range) == "206,734 parameters"


def test_programs_get_every_cell() -> None:
    threshold = deq_threshold(planted_error)
    values = json.loads(json.dumps(image_values(judge(grid(b3=None)), threshold)))

    assert values["num_images"] == NUM_IMAGES
    assert values["budget_parameters"] == PARAMETERS[4]
    assert values["differs"] is None
    assert values["missing_budgets_parameters"] == [PARAMETERS[3]]
    budgets = [cell["budget_parameters"] for cell in values["cells"]]
    assert budgets == [PARAMETERS[column] for column in (0, 1, 2, 4)]
    assert values["cells"][0]["images_standard_error_points"] == 0.1
