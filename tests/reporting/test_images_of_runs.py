"""What is told of the images of a study."""

from __future__ import annotations

from ensemble_switchover.reporting.images_of_runs import list_images_of_runs
from tests.factories import make_record


def test_every_remark_stands_once_below_its_images() -> None:
    left_out = "3 files left out: a.heic"
    remarked = {"remarks": ["two classes share 4 images", left_out]}
    records = [
        make_record(dataset=remarked),
        make_record(seed=1, dataset={"remarks": [left_out]}),
        make_record(dataset={"name": "birds", "channels": 3, "validation_size": 60}),
    ]

    digits, birds = list_images_of_runs(records)

    assert digits.images == (
        "digits: 300 training images, 1,497 test images in 10 classes, 8 x 8 pixels, grey"
    )
    assert digits.remarks == ("two classes share 4 images", left_out)
    assert "60 validation images" in birds.images
    assert birds.images.endswith("in colour")
    assert birds.remarks == ()


def test_reduced_images_are_told_with_the_side_that_they_had() -> None:
    whole, small = list_images_of_runs([make_record(), make_record(dataset={"image_size": 4})])
    assert whole.images.endswith("8 x 8 pixels, grey")
    assert small.images.endswith("4 x 4 pixels, averaged over areas from 8 x 8, grey")
