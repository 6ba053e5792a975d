"""Every run of a study before it is run."""

import dataclasses

import pytest

from ensemble_switchover.machine.hardware import PROCESS_BYTES
from ensemble_switchover.planning.forecast import forecast, total
from ensemble_switchover.planning.plan_rows import plan_row
from ensemble_switchover.planning.workload import Pass
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.state import RunState
from ensemble_switchover.results.store import write_record
from tests.factories import make_record, of_timing_pass
from tests.planning.synthetic import HERE, make_calibration, planted_seconds

pytestmark = pytest.mark.usefixtures("example_machine")


def test_every_run_has_its_state(specs):
    found = forecast(specs, [], None)
    assert [entry.state for entry in found] == [
        RunState.FINISHED, RunState.FAILED, RunState.UNREADABLE, RunState.ABSENT,
    ]  # fmt: skip
    assert [entry.to_do for entry in found] == [False, True, True, True]
    assert [entry.spec for entry in found] == specs


def test_what_is_to_do_adds_up(specs):
    calibration = make_calibration()
    found = forecast(specs, [calibration], None)
    totals = total(found)
    one = found[0].cost
    assert (totals.runs, totals.to_do) == (4, 3)
    assert totals.steps == 3 * one.steps == 3 * 3 * 3
    assert totals.training_flops == 3 * one.training_flops
    assert one.training_seconds == pytest.approx(9 * planted_seconds(specs[0], Pass.TRAINING))


def test_nothing_to_do_is_nothing(specs):
    totals = total(forecast(specs[:1], [make_calibration()], None))
    assert (totals.to_do, totals.steps) == (0, 0)


def test_a_finished_run_of_these_conditions_tells_the_error(specs):
    found = forecast(specs, [make_calibration()], None)
    # the warm-up epoch of 9 s counts as the median of the others, 3 s
    assert found[0].measured_training_seconds == 9
    assert found[0].error == pytest.approx(found[0].cost.training_seconds / 9)
    assert total(found).errors == [found[0].error]
    assert [entry.error for entry in found[1:]] == [None] * 3


def test_times_of_a_timing_pass_tell_an_error_of_their_own(specs, tiny_spec):
    write_record(specs[3].folder, of_timing_pass(make_record(environment=HERE), [2.0, 4.0, 5.0]))

    found = forecast(specs, [make_calibration()], None)

    assert found[3].measured_training_seconds == 3 * 4.0
    assert [entry.measured_times_of for entry in found] == ["run", None, None, "timing pass"]
    totals = total(found)
    assert (totals.errors, totals.pass_errors) == ([found[0].error], [found[3].error])
    assert [plan_row(entry)["times_of"] for entry in found[:2]] == ["run", None]


@pytest.mark.parametrize(
    "change",
    [{"device": "cuda"}, {"device_name": "Other CPU"}, {"execution": "stacked"},
     {"precision": "64"}, {"compiled": True}],
)  # fmt: skip
def test_a_run_of_other_conditions_tells_nothing(change, specs):
    record = make_record(epoch_seconds=[9, 2, 4], environment={**HERE, **change})
    write_record(specs[3].folder, record)
    (found,) = forecast(specs[3:], [make_calibration()], None)
    assert found.state is RunState.FINISHED
    assert found.measured_training_seconds is found.error is None


def test_a_run_of_one_epoch_was_warm_up_alone(specs):
    write_record(specs[3].folder, make_record(test_errors=[9], environment=HERE))
    assert forecast(specs[3:], [], None)[0].measured_training_seconds is None


def test_a_record_of_which_only_the_version_is_left_is_finished_and_tells_nothing(specs):
    (specs[0].folder / RECORD_FILE).write_text('{"schema_version": 0}')
    (found,) = forecast(specs[:1], [], None)
    assert found.state is RunState.UNREADABLE
    assert found.measured_training_seconds is None


def test_memory_is_compared_with_the_devices(specs):
    (found,) = forecast(specs[3:], [], None)
    assert found.fits
    needed = found.cost.memory_bytes + PROCESS_BYTES
    for available, fits in ((needed, True), (needed - 1, False), (None, True)):
        machine = dataclasses.replace(found.machine, memory_bytes=available)
        assert dataclasses.replace(found, machine=machine).fits is fits
