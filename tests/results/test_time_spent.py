"""The seconds of runs are summed by design, also of records of before."""

from dataclasses import replace

import pytest

from ensemble_switchover.results.record import SecondsRecord
from ensemble_switchover.results.time_spent import (
    SECONDS_COLUMNS,
    SECONDS_PARTS,
    seconds_of,
    sum_seconds,
)
from tests.factories import make_record


def timed(seconds, **facts):
    """Make a record whose parts are given, and its wall clock their sum without the wait."""
    within = sum(value for part, value in seconds.items() if part != "waiting")
    record = make_record(**facts)
    return replace(record, seconds=SecondsRecord(**seconds), wall_seconds=within)


def test_designs_are_in_order_and_add_up():
    records = [
        timed({"training": 4.0, "waiting": 1.0}, design_class="weq", k=4),
        timed({"training": 3.0, "rest": 0.5}, design_class="deq", k=8),
        timed({"training": 2.0, "measuring": 0.25}, design_class="deq", k=4),
        timed({"training": 6.0, "waiting": 2.0}, design_class="deq", k=4, seed=1),
        timed({"training": 1.0}),
    ]
    rows = sum_seconds(records)
    assert rows.schema == SECONDS_COLUMNS
    keys = rows.select("design_class", "k", "runs", "wall_seconds").rows()
    assert keys == [("single", 1, 1, 1.0), ("deq", 4, 2, 8.25), ("deq", 8, 1, 3.5),
                    ("weq", 4, 1, 4.0)]  # fmt: skip
    assert rows["training_seconds"].to_list() == [1.0, 8.0, 3.0, 4.0]
    assert rows["waiting_seconds"].to_list() == [0.0, 2.0, 0.0, 1.0]
    within = [f"{part}_seconds" for part in SECONDS_PARTS if part != "waiting"]
    assert [sum(row) for row in rows.select(within).rows()] == rows["wall_seconds"].to_list()
    assert rows["runs_estimated"].sum() == 0


def test_sizes_of_the_training_and_of_its_images_are_apart():
    sizes = ({}, {"train_size": 100}, {"image_size": 4})
    rows = sum_seconds([timed({"training": 1.0}, dataset=changed) for changed in sizes])
    assert rows.select("train_size", "image_size", "runs").rows() == [
        *((100, 8, 1), (300, 4, 1), (300, 8, 1)),
    ]


def test_a_record_of_before_tells_training_and_evaluation():
    record = replace(make_record(test_errors=[20.0, 10.0]), wall_seconds=12.0)
    training = sum(epoch.training_seconds for epoch in record.epochs)
    evaluation = sum(epoch.evaluation_seconds for epoch in record.epochs)
    seconds = seconds_of(record)
    assert (seconds.training, seconds.evaluation) == (training, evaluation)
    assert seconds.rest == pytest.approx(12.0 - training - evaluation)
    assert sum_seconds([record])["runs_estimated"].to_list() == [1]


def test_a_shared_training_took_its_time_once():
    record = timed({"training": 4.0})
    shared = replace(record, name="other", shared_from=record.name)
    assert sum_seconds([record, shared])["training_seconds"].to_list() == [4.0]


def test_no_runs_are_no_rows():
    assert sum_seconds([]).schema == SECONDS_COLUMNS
    assert len(sum_seconds([])) == 0
