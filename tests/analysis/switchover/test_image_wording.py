"""What the intervals cover, in words."""

from __future__ import annotations

from ensemble_switchover.analysis.switchover.image_grid import ImageGrid
from ensemble_switchover.analysis.switchover.image_verdict import judge_with_images
from ensemble_switchover.analysis.switchover.image_wording import describe_with_images, note_images
from tests.analysis.switchover.planted_images import difference
from tests.analysis.switchover.planted_thresholds import deq_threshold
from tests.factories import planted_error

MEANS = (2.0, 2.0, -3.0, -3.0, -3.0)


def describe(**changes: float) -> str:
    cells = {c: difference(mean, **changes) for c, mean in enumerate(MEANS) if c != 1}
    verdict = judge_with_images(deq_threshold(planted_error), ImageGrid(cells, (), {}))
    assert verdict is not None
    return describe_with_images(verdict, "validation")


def test_the_answer_with_the_images_is_told_beside_that_without() -> None:
    cells = {column: difference(mean) for column, mean in enumerate(MEANS)}
    verdict = judge_with_images(deq_threshold(planted_error), ImageGrid(cells, (), {}))

    assert verdict is not None
    assert describe_with_images(verdict, "test") == (
        "With the sampling of the 200 test images in (standard errors up to 2 % larger): the same."
    )
    cells[4] = difference(-3.0, images=5.0)
    verdict = judge_with_images(deq_threshold(planted_error), ImageGrid(cells, (), {}))
    assert verdict is not None
    assert describe_with_images(verdict, "test").endswith(
        ": undecided from 206,734 parameters on, in place of 206,734 parameters."
    )


def test_budgets_without_predictions_are_counted() -> None:
    assert describe().endswith(
        "validation images in (standard errors up to 2 % larger): not known, since 1 budget lacks "
        "predictions; what is known of the others leaves it the same."
    )
    assert describe(images=5.0).endswith(
        ", in place of 206,734 parameters (1 budget lacks predictions and counts as undecided)."
    )


def test_missing_predictions_are_noted_with_what_keeps_them() -> None:
    assert note_images([], "test") == ()
    assert note_images([ImageGrid({0: difference()}, (), {})], "test") == ()
    (none,) = note_images([ImageGrid({}, ("a", "b"), {}), ImageGrid({}, ("b",), {})], "test")
    assert none == (
        "What the sampling of the test images adds is not known, since 2 runs kept no predictions "
        "(record.predictions=final keeps them)."
    )
    some, unusable = note_images([ImageGrid({0: difference()}, ("a",), {"c": "damaged"})], "test")
    assert some.endswith("1 run kept no predictions (record.predictions=final keeps them): a.")
    assert "at their budgets is not known" in some
    assert unusable.startswith("The predictions of 1 run cannot be compared image by image")
    assert unusable.endswith("c (damaged).")
