"""What a run says when memory does not suffice."""

import pytest
import torch

from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.errors import ConfigError, TrainingError
from ensemble_switchover.machine.hardware import PROCESS_BYTES
from ensemble_switchover.planning.cost import memory_bytes
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.runner import out_of_memory, run, setup
from ensemble_switchover.runner.job import run_job


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_too_little_memory_is_said_with_what_would_help(error, tiny_spec, monkeypatch):
    def fail(*arguments, **keywords):
        raise error

    monkeypatch.setattr(run, "train_members", fail)
    spec, config = tiny_spec("budget.depth=8", "budget.width=4")
    with pytest.raises(TrainingError, match=r"out of memory .* recipe.batch_size"):
        run.train_and_measure(spec, config)


@pytest.mark.parametrize(
    ("share", "advice"), [(1.05, "recipe.batch_size=8"), (0, "smaller budget")]
)
def test_the_batch_size_that_would_fit_is_told(share, advice, tiny_spec, monkeypatch):
    def fail(*arguments, **keywords):
        raise torch.OutOfMemoryError("CUDA out of memory")

    overrides = ("budget.depth=8", "budget.width=8")
    smaller, _ = tiny_spec(*overrides, "recipe.batch_size=8")
    needed = memory_bytes(smaller, requested_plan(smaller), "cpu", None)
    available = int(share * needed / out_of_memory.USABLE_MEMORY_SHARE)
    monkeypatch.setattr(run, "train_members", fail)
    monkeypatch.setattr(out_of_memory, "device_memory_bytes", lambda device: available)
    spec, config = tiny_spec(*overrides, "recipe.batch_size=32")
    with pytest.raises(TrainingError, match=f"batch size 32, .* its tensors take .* {advice}"):
        run.train_and_measure(spec, config)


def test_any_other_fault_is_not_taken_for_it(tiny_spec, monkeypatch):
    def fail(*arguments, **keywords):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(run, "train_members", fail)
    spec, config = tiny_spec("budget.depth=8", "budget.width=4")
    with pytest.raises(RuntimeError, match="shapes"):
        run.train_and_measure(spec, config)


@pytest.mark.parametrize(
    ("beside_the_program", "advice"),
    [(-1, "it needs more memory"), (0.01, "smaller budget"), (0.9, r"batch_size=\d+ would fit")],
)
def test_a_run_that_would_be_killed_is_refused_and_is_no_failure(
    beside_the_program, advice, tiny_spec, monkeypatch
):
    spec, config = tiny_spec("budget.depth=8", "budget.width=8", "recipe.batch_size=40")
    needed = memory_bytes(spec, requested_plan(spec), "cpu", None)
    available = PROCESS_BYTES + int(beside_the_program * needed)
    monkeypatch.setattr(out_of_memory, "main_memory_bytes", lambda: available)
    monkeypatch.setattr(setup, "load_images", None)  # it is refused before
    with pytest.raises(ConfigError, match=f"does not fit into memory, .* about 544 MiB.*{advice}"):
        run_job(spec, config, concurrent_jobs=1)
    assert run_state(spec.folder) is RunState.ABSENT
    monkeypatch.setattr(out_of_memory, "main_memory_bytes", lambda: PROCESS_BYTES + needed)
    out_of_memory.refuse_too_large(spec, "cpu")
