"""The metrics of an epoch, against values worked out by hand."""

import math
from dataclasses import fields

import pytest
import torch

from ensemble_switchover.results.epoch_metrics import MEASURES, QUALITY, EpochRecord

# two members, three images of two classes: the second member is wrong on the last two images
PROBABILITIES = torch.tensor(
    [[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [[0.7, 0.3], [0.9, 0.1], [0.1, 0.9]]],
    dtype=torch.float64,
)
LABELS = torch.tensor([0, 1, 0])


def test_every_measure_is_a_field_of_an_epoch():
    assert MEASURES.keys() <= {field.name for field in fields(EpochRecord)}
    assert {f"member_{name}" for name in QUALITY} & MEASURES.keys()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("error_percent", 100 * 2 / 3),
        ("member_error_percent", [0.0, 100 * 2 / 3]),
        ("disagreement", 2 / 3),
        ("nll_nats", -(math.log(0.8) + math.log(0.45) + math.log(0.35)) / 3),
        ("brier", (2 * 0.2**2 + 2 * 0.55**2 + 2 * 0.65**2) / 3),
    ],
)
def test_a_measure_gives_what_is_worked_out_by_hand(name, expected):
    assert MEASURES[name](PROBABILITIES, LABELS) == pytest.approx(expected)
