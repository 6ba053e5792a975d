"""The conditions in words."""

from __future__ import annotations

from ensemble_switchover.analysis.conditions import describe_conditions, list_conditions
from tests.factories import make_record


def test_the_line_names_seeds_device_and_execution() -> None:
    records = [
        make_record(),
        make_record(seed=1, environment={"execution": "stacked"}),
    ]

    assert describe_conditions(records) == (
        "2 seeds, cpu (Example CPU), sequential execution / stacked execution, precision float32"
    )
    assert describe_conditions(records[:1]).startswith("1 seed, ")


def test_every_condition_is_listed() -> None:
    conditions = dict(list_conditions([make_record(), make_record(environment={"commit": None})]))

    assert conditions["Runs sharing the machine"] == "2"
    assert conditions["Versions"] == "python 3.11, torch 2.15"
    assert conditions["Commit"] == "abc1234 / unknown"
    assert conditions["Host load at the start"] == "1.5 to 1.5"
    assert "300 training and 1,497 test images of 1x8x8" in conditions["Data"]
    assert "learning rate 0.1 (0.01 after epoch 1)" in conditions["Recipe"]
