"""What `execution=auto` tries and chooses, on a clock that only the tried steps move."""

import pytest
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan, requested_plan
from ensemble_switchover.errors import ProcessEndedError
from ensemble_switchover.networks.fused import NoFusedFormError
from ensemble_switchover.runner import choose_execution
from ensemble_switchover.runner.run import train_and_measure
from ensemble_switchover.training.precision import FLOAT32, Precision
from tests.log_lines import logged

CPU = torch.device("cpu")
LAST, FUSED = ExecutionPlan(channels_last=True), ExecutionPlan("fused")
SPREAD = ExecutionPlan(channels_last=True, processes=2)
DESIGN = ("design=deq", "k=4", "budget.depth=8", "budget.width=10")


class Steps:
    """Stands in for trials: a step takes the seconds of its way, or raises."""

    def __init__(self):
        self.now = 0.0
        self.seconds = {ExecutionPlan(): 1.0, LAST: 1.0, FUSED: 4.0}
        self.taken = []

    def __call__(self, spec, plan, device, precision):
        steps = self

        class Trial:
            def step(self):
                steps.taken.append(plan)
                seconds = steps.seconds[plan]
                if isinstance(seconds, Exception):
                    raise seconds
                steps.now += seconds

        return Trial()


@pytest.fixture
def steps(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(choose_execution, "num_device_slots", lambda device: 1)
    made = Steps()
    monkeypatch.setattr(choose_execution, "TimedSteps", made)
    monkeypatch.setattr(choose_execution, "synchronised_clock", lambda device: lambda: made.now)
    monkeypatch.setattr(choose_execution, "waiting_share", lambda before, after: 0.01)
    return made


def choose(tiny_spec, *overrides, precision=FLOAT32):
    spec, _ = tiny_spec(*DESIGN, *overrides)
    with logged() as lines:
        plan = choose_execution.choose_execution_plan(spec, CPU, precision)
    return plan, lines[-1]


def test_the_fastest_is_chosen_told_and_kept(steps, tiny_spec):
    steps.seconds[FUSED] = 2.0  # all four members in the time of two
    plan, line = choose(tiny_spec, "epochs=100")
    assert plan == FUSED
    assert line.startswith("execution=auto: fused; 2.00 times as fast as sequential (tried for")
    steps.taken.clear()
    plan, line = choose(tiny_spec, "epochs=100", "seed=7")
    assert plan == FUSED
    assert line.endswith("(kept from before)")
    assert steps.taken == []


def test_one_after_another_stays_unless_another_is_clearly_quicker(steps, tiny_spec):
    steps.seconds |= {LAST: 0.97, FUSED: 4.1}
    plan, line = choose(tiny_spec, "epochs=100")
    assert plan == ExecutionPlan()
    assert "sequential; the fastest here" in line


def test_a_run_that_is_too_short_for_a_trial_is_left_alone(steps, tiny_spec):
    plan, line = choose(tiny_spec, "epochs=1")
    assert plan == ExecutionPlan()
    assert "too short" in line
    steps.taken.clear()
    choose(tiny_spec, "epochs=1")
    assert steps.taken  # nothing was kept


def test_a_trial_takes_at_most_a_tenth_of_the_run(steps, tiny_spec):
    choose(tiny_spec, "epochs=20")
    run_seconds = 20 * 3 * 4 * 1.0
    assert 0 < steps.now <= 0.1 * run_seconds + 4


@pytest.mark.parametrize(
    "fault", [torch.OutOfMemoryError("CUDA out of memory"), NoFusedFormError("none")]
)
def test_a_way_that_is_impossible_is_not_chosen(fault, steps, tiny_spec):
    steps.seconds |= {FUSED: fault, LAST: 0.8}
    assert choose(tiny_spec, "epochs=100")[0] == LAST


def test_slow_steps_are_tried_a_few_times_in_a_long_run(steps, tiny_spec):
    steps.seconds |= {ExecutionPlan(): 60.0, LAST: 60.0, FUSED: 120.0}
    assert choose(tiny_spec, "epochs=100")[0] == FUSED
    assert steps.taken.count(FUSED) == 1 + 1 + choose_execution.MIN_ROUNDS


def test_a_folder_that_cannot_be_written_costs_no_run(steps, tiny_spec, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    steps.seconds[FUSED] = 2.0
    plan, line = choose(tiny_spec, "epochs=100")
    assert plan == FUSED
    assert line.endswith("and not kept: nothing can be cached)")


def test_what_was_timed_beside_other_programs_is_used_but_not_kept(steps, tiny_spec, monkeypatch):
    monkeypatch.setattr(choose_execution, "waiting_share", lambda before, after: 0.3)
    steps.seconds[FUSED] = 2.0
    plan, line = choose(tiny_spec, "epochs=100")
    assert plan == FUSED
    assert line.endswith("and not kept: other programs or a quota took its processors)")
    steps.taken.clear()
    choose(tiny_spec, "epochs=100")
    assert steps.taken


def test_a_process_that_ends_makes_its_way_impossible(steps, tiny_spec, monkeypatch):
    def end(spec, plan, device):
        raise ProcessEndedError("killed")

    monkeypatch.setattr(choose_execution, "num_device_slots", lambda device: 2)
    monkeypatch.setattr(choose_execution, "_time_worker_processes", end)
    assert choose(tiny_spec, "epochs=100")[0] == ExecutionPlan()
    steps.taken.clear()
    assert choose(tiny_spec, "epochs=100")[0] == ExecutionPlan()
    assert steps.taken == []


def test_any_other_fault_is_raised(steps, tiny_spec):
    steps.seconds[FUSED] = RuntimeError("shapes do not match")
    with pytest.raises(RuntimeError, match="shapes"):
        choose(tiny_spec, "epochs=100")


def test_what_does_not_fit_is_not_tried(steps, tiny_spec, monkeypatch):
    monkeypatch.setattr(choose_execution, "device_memory_bytes", lambda device: 1000)
    assert choose(tiny_spec, "epochs=100")[0] == ExecutionPlan()
    assert set(steps.taken) == {ExecutionPlan()}


def test_with_a_scaled_loss_members_are_not_fused(steps, tiny_spec):
    steps.seconds[FUSED] = 0.1
    precision = Precision("16", torch.float32, torch.float16)
    assert (
        choose(tiny_spec, "epochs=100", "precision=16", precision=precision)[0] == ExecutionPlan()
    )
    assert FUSED not in steps.taken


def test_processes_are_tried_for_a_long_run_only(steps, tiny_spec, monkeypatch):
    monkeypatch.setattr(choose_execution, "num_device_slots", lambda device: 2)
    tried = []

    def time_processes(spec, plan, device):
        tried.append(plan)
        return (2.0 if plan == SPREAD else 3.0), 10.0

    monkeypatch.setattr(choose_execution, "_time_processes", time_processes)
    steps.seconds = {ExecutionPlan(): 0.001, LAST: 0.001, FUSED: 0.004}
    assert choose(tiny_spec, "epochs=100")[0] == ExecutionPlan()
    assert tried == []
    steps.seconds = {ExecutionPlan(): 1.0, LAST: 1.0, FUSED: 4.0}
    plan, line = choose(tiny_spec, "epochs=100", "dataset.augmentation=standard")
    assert plan == SPREAD
    assert tried == [SPREAD, ExecutionPlan("fused", processes=2)]
    assert "parallel: 2 processes, sequential, channels last; 1.97 times as fast" in line


@pytest.mark.process
@pytest.mark.xdist_group("member_processes")
def test_processes_are_really_timed_side_by_side(tiny_spec, monkeypatch):
    monkeypatch.setattr(choose_execution, "PROCESS_SECONDS", 0.05)
    spec, _ = tiny_spec(*DESIGN, "execution=parallel", "execution.processes=2", "threads=2")
    seconds, start_seconds = choose_execution._time_processes(spec, requested_plan(spec), CPU)
    assert 0 < seconds < start_seconds


def test_a_run_goes_on_in_the_way_that_it_began_in(tiny_spec, monkeypatch):
    from ensemble_switchover.machine import interruption
    from ensemble_switchover.runner import setup

    spec, config = tiny_spec(*DESIGN, "epochs=3")
    monkeypatch.setattr(setup, "choose_execution_plan", lambda *arguments: FUSED)
    with monkeypatch.context() as patch:
        patch.setattr(interruption, "check", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train_and_measure(spec, config)
    monkeypatch.setattr(
        setup, "choose_execution_plan", lambda *arguments: pytest.fail("it was chosen")
    )
    record = train_and_measure(spec, config)
    assert record.environment.execution == "fused"
    assert record.environment.execution_requested == "auto"
    assert len(record.epochs) == 3
