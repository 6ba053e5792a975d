"""The conditions in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.conditions import (
    comparable_execution,
    describe_comparable,
    describe_conditions,
    list_conditions,
)
from tests.factories import make_record, of_timing_pass

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def test_the_line_names_seeds_device_and_execution() -> None:
    records = [
        make_record(),
        make_record(seed=1, environment={"execution": "stacked"}),
    ]

    assert describe_conditions(records) == (
        "2 seeds, source rule, cpu (Example CPU), sequential execution / stacked execution, "
        "precision float32"
    )
    assert describe_conditions(records[:1]).startswith("1 seed, ")


def test_every_condition_is_listed() -> None:
    conditions = dict(list_conditions([make_record(), make_record(environment={"commit": None})]))

    assert conditions["Runs sharing the machine"] == "2"
    assert conditions["Versions"] == "python 3.11, torch 2.15"
    assert conditions["Commit"] == "abc1234 / unknown"
    assert conditions["Host load at the start"] == "1.5 to 1.5"
    assert "300 training and 1,497 test images of 1x8x8" in conditions["Data"]
    assert "learning rate 0.1 (0.01 after epoch 1), momentum 0.9, " in conditions["Recipe"]
    (recipe,) = [
        text
        for name, text in list_conditions([make_record(recipe={"nesterov": True})])
        if name == "Recipe"
    ]
    assert ", Nesterov momentum 0.9, " in recipe


def test_what_was_measured_on_and_the_sets_options_are_told() -> None:
    def data(**dataset: object) -> str:
        return dict(list_conditions([make_record(dataset=dataset)]))["Data"]

    assert "300 training and 1,497 test images of" in data()
    held_out = {"validation_size": 60, "test_size": 0, "evaluated_on": "validation"}
    assert "300 training and 60 validation images (instead of test images) of" in data(**held_out)
    assert "1,497 test images (60 more held out for validation)" in data(validation_size=60)
    assert "images of 1x4x4 (averaged over areas from 8x8), 10 classes" in data(image_size=4)
    assert "difficulty 0.5" in data(options={"difficulty": 0.5})
    assert "augmentation none, split" in data()
    assert "augmentation none, pixels scaled to 0 to 1, split" in data(normalisation="scaled")
    randaugment = {"randaugment_ops": 2, "randaugment_magnitude": 14}
    told = data(augmentation="randaugment", **randaugment)
    assert "augmentation randaugment (N=2, M=14)" in told


def test_times_of_a_run_and_of_a_timing_pass_are_of_different_conditions() -> None:
    told = {}
    for requested, executed in (("sequential", "sequential"), ("auto", "fused")):
        own = make_record(environment={"execution": executed, "execution_requested": requested})
        for record in (own, of_timing_pass(own)):
            compared = comparable_execution(record.environment)
            told[compared] = describe_comparable(compared)

    assert told == {
        "sequential": "sequential execution",
        "sequential, timing pass": "sequential execution, times of a timing pass",
        "auto": "each design with its fastest execution",
        "auto, timing pass": "each design with its fastest execution, times of a timing pass",
    }


def test_the_conditions_say_of_what_the_times_are() -> None:
    def times(*records: Record) -> str:
        return dict(list_conditions(records))["Times"]

    single, deq = of_timing_pass(make_record()), of_timing_pass(make_record(design_class="deq"))
    assert deq.timing_pass is not None
    longer = replace(deq, timing_pass=replace(deq.timing_pass, timed_steps=4))

    assert times(make_record()) == "of the runs themselves"
    assert times(single) == "of a timing pass of 2 of an epoch's 5 steps"
    assert times(deq, longer) == (
        "of a timing pass of 2 to 4 of an epoch's 5 steps, designs of a budget in turn"
    )
    assert times(make_record(seed=1), single) == (
        "of the runs themselves / of a timing pass of 2 of an epoch's 5 steps"
    )
    listed = dict(list_conditions([single, make_record(seed=1)]))
    assert listed["Execution"] == "sequential"
    assert listed["Trained in the same steps"] == "1 seed / 4 seeds"
    assert "Trained in the same steps" not in dict(list_conditions([make_record()]))
