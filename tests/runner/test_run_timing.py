"""What a timing pass found of a run, as it is kept."""

import pytest

from ensemble_switchover.runner.run_timing import (
    RunTiming,
    read_timing,
    timing_folder,
    write_timing,
)
from tests.factories import make_record

TIMING = RunTiming(
    environment="a processor, 1 threads, torch 2",
    concurrent_jobs=2,
    plan="sequential",
    beside=["single k=1", "deq k=2"],
    timed_steps=5,
    epoch_steps=10,
    training_seconds=[2.0, 4.0],
    member_training_seconds=[1.0, 2.0],
    evaluation_seconds=[0.5],
    waiting_share=0.01,
    peak_device_bytes=None,
    peak_reserved_bytes=None,
    peak_rss_bytes=100,
    member_peak_device_bytes=[],
)


def test_it_is_read_in_its_own_environment_only(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=8")
    assert read_timing(spec, TIMING.environment, 2) is None
    write_timing(spec, TIMING)
    assert read_timing(spec, TIMING.environment, 2) == TIMING
    assert read_timing(spec, "another processor", 2) is None
    assert read_timing(spec, TIMING.environment, 1) is None
    (path,) = timing_folder(spec).iterdir()
    path.write_text("{")
    assert read_timing(spec, TIMING.environment, 2) is None


def test_designs_of_a_budget_share_a_folder_and_other_conditions_do_not(tiny_spec):
    small = ("budget.depth=8", "budget.width=8")
    deq, single = tiny_spec("design=deq", "k=2", *small)[0], tiny_spec(*small)[0]
    assert timing_folder(deq) == timing_folder(single)
    assert timing_folder(deq) != timing_folder(tiny_spec("epochs=2", *small)[0])
    assert timing_folder(deq) != timing_folder(tiny_spec("budget.depth=8", "budget.width=4")[0])


def test_a_record_has_its_seconds_and_the_seeds():
    assert TIMING.seconds_per_epoch(evaluated=True) == 3.5
    assert TIMING.seconds_per_epoch(evaluated=False) == 3.0
    epoch = TIMING.put_into(make_record().epochs[0])
    assert (epoch.training_seconds, epoch.evaluation_seconds) == (3.0, 0.5)
    without = TIMING.put_into(make_record(evaluate_every="3").epochs[0])
    assert (without.training_seconds, without.evaluation_seconds) == (3.0, 0.0)
    assert sum(epoch.member_training_seconds) == pytest.approx(epoch.training_seconds)
    assert not epoch.warm_up
    record = TIMING.record([0, 1], 4)
    assert (record.seeds, record.num_members) == ([0, 1], 4)
    assert (record.timed_steps, record.epoch_steps) == (5, 10)
