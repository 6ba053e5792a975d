"""What a run computes with."""

import logging

import pytest

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.errors import TrainingError
from ensemble_switchover.runner.setup import (
    decide_plan,
    load_split,
    out_of_memory_explained,
    prepare,
)

SMALL = ("budget.depth=8", "budget.width=4")


def test_the_timing_environment_names_processor_threads_and_torch(tiny_spec):
    spec, config = tiny_spec(*SMALL, "threads=1")
    setup = prepare(spec, config)
    environment = setup.environment
    assert setup.timing_environment == (
        f"{environment.device_name}, 1 threads, torch {environment.versions['torch']}"
    )


def test_the_requested_execution_is_the_plan(tiny_spec):
    spec, config = tiny_spec(*SMALL, "design=deq", "k=2", "budget.width=8", "execution=fused")
    assert decide_plan(spec, prepare(spec, config)) == ExecutionPlan("fused")


def test_remarks_on_the_images_are_said_once(tiny_spec, caplog, monkeypatch):
    monkeypatch.setattr("ensemble_switchover.runner.said_remarks._said", set())
    spec, _ = tiny_spec(*SMALL, "recipe.batch_size=39")  # one image is left over
    assert spec.remarks
    with caplog.at_level(logging.WARNING):
        split = load_split(spec)
    assert len(split.train) == spec.train_size
    assert all(remark in caplog.text for remark in spec.remarks)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        load_split(spec)
    assert not caplog.text
    with caplog.at_level(logging.INFO):
        load_split(spec)
    assert all(remark in caplog.text for remark in spec.remarks)


def test_a_lack_of_memory_names_the_run_and_other_errors_pass(tiny_spec):
    spec, _ = tiny_spec(*SMALL)
    with pytest.raises(TrainingError, match="out of memory"), out_of_memory_explained(spec, None):
        raise MemoryError
    with pytest.raises(RuntimeError, match="shapes"), out_of_memory_explained(spec, None):
        raise RuntimeError("shapes do not match")
