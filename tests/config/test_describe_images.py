"""What a person reads of the images of a folder."""

from dataclasses import replace

import pytest

from ensemble_switchover.config.describe_images import describe_images
from ensemble_switchover.config.folder_parts import FolderParts
from ensemble_switchover.config.image_survey import ImageSurvey

PLAIN = ImageSurvey(
    num_images=10,
    smallest_side=32,
    median_side=32,
    largest_side=32,
    num_sizes=1,
    num_grey=0,
    num_deep=0,
    num_transparent=0,
    num_turned=0,
    num_animated=0,
    num_elongated=0,
)


def make_parts(counts):
    """Split images of classes: so many to train on and so many to test on."""
    train, test, labels = [], [], {}
    for label, (name, (num_train, num_test)) in enumerate(counts.items()):
        for part, number in ((train, num_train), (test, num_test)):
            files = [f"{name}/{len(labels) + position}" for position in range(number)]
            labels |= dict.fromkeys(files, label)
            part += files
    return FolderParts(tuple(counts), labels, tuple(train), (), tuple(test), "test")


@pytest.fixture
def describe(compose_config):
    def write(counts, survey=PLAIN, *overrides):
        dataset = compose_config("dataset=folder", "dataset.root=x", *overrides).dataset
        return describe_images(dataset, make_parts(counts), survey)

    return write


def test_plain_images_need_three_lines(describe):
    assert describe({"cat": (5, 2), "dog": (4, 1)}) == [
        "12 images of 2 classes: 9 to train on, 3 to test on",
        "images of a class, as they are used: cat 5 + 2, dog 4 + 1",
        "shorter side 32 pixels; all of one size; read in colour, 32x32 (dataset.channels, "
        "dataset.image_size)",
    ]


def test_of_many_classes_the_rarest_are_listed(describe):
    counts = {f"c{number:02}": (100 - number, 1) for number in range(40)}
    line = describe(counts)[1]
    assert line.startswith("images of the 12 rarest classes, as they are used: c39 61 + 1, c38 62")
    assert line.count("+") == 12


def test_one_answer_for_all_is_told_where_classes_are_unequal(describe):
    assert len(describe({"a": (9, 3), "b": (1, 1)})) == 3
    line = describe({"a": (10, 3), "b": (1, 1)})[2]
    assert "to answer a always has an error of 25.0 %" in line


def test_images_that_would_be_enlarged_are_told(describe):
    small = replace(PLAIN, smallest_side=20, median_side=28, num_sizes=4)
    line = describe({"a": (3, 1), "b": (3, 1)}, small)[2]
    assert line.startswith("shorter side 20 to 32 pixels, 28 in the middle; 4 sizes")
    assert line.endswith("dataset.image_size=28 would do")


def test_tiny_images_and_long_names_are_written_in_short(describe):
    tiny = replace(PLAIN, smallest_side=1, median_side=1, largest_side=1)
    _, classes, sides = describe({"a" * 200: (3, 1), "b": (3, 1)}, tiny)
    assert f"{'a' * 37}... 3 + 1, b 3 + 1" in classes
    assert sides.startswith("shorter side 1 pixel; all of one size")
    assert "would do" not in sides


@pytest.mark.parametrize(
    ("changes", "channels", "expected"),
    [
        ({"num_grey": 10}, 3, "all are grey: dataset.channels=1 would read them as such"),
        ({"num_grey": 4}, 3, "4 of 10 images grey: their three channels will be equal"),
        ({"num_grey": 4}, 1, "6 of 10 images in colour: converted to grey"),
        ({"num_deep": 10}, 3, "all 10 images of 16 bits or more a channel: read as 8 bits"),
        ({"num_transparent": 1}, 3, "1 of 10 images with transparency: white where they are tr"),
        ({"num_turned": 2}, 3, "2 of 10 images turned by their EXIF entry: read upright"),
        ({"num_animated": 2}, 3, "2 of 10 images of several pictures: the first is read"),
        ({"num_elongated": 2}, 3, "2 of 10 images more than 3 times as long as wide: only the ce"),
    ],
)
def test_each_kind_is_told_by_count(changes, channels, expected, describe):
    counts = {"a": (3, 1), "b": (3, 1)}
    *_, line = describe(counts, replace(PLAIN, **changes), f"dataset.channels={channels}")
    assert line.startswith(expected)
