"""Labels in the order of the numbers in them."""

import random

import pytest

from ensemble_switchover.analysis.natural_order import natural_order


@pytest.mark.parametrize(
    "ordered",
    [
        ["", "1", "2", "10", "a", "a1b2", "a1b10", "a2", "b"],
        ["resnet on cifar10, 9 epochs", "resnet on cifar10, 10 epochs", "resnet on cifar100"],
        ["photos 7", "photos 007 larger", "photos 12", "photos ٣"],
    ],
)
def test_numbers_are_in_order_of_their_value(ordered):
    shuffled = random.Random(0).sample(ordered, len(ordered))

    assert sorted(shuffled, key=natural_order) == ordered
