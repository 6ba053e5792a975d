"""What only a GPU can show; elsewhere these are skipped."""

import itertools

import pytest
import torch
from torch.optim import SGD

from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.errors import TrainingError
from ensemble_switchover.machine import interruption
from ensemble_switchover.measurement.timing import MemberStopwatch, synchronised_clock
from ensemble_switchover.networks import build_member
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.runner.job import run_job
from ensemble_switchover.runner.run import train_and_measure
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.precision import use_precision
from tests.training.members import RECIPE

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

TASK = ImageTask(channels=3, size=16, num_classes=5)
SMALL = ("design=deq", "k=2", "budget.depth=8", "budget.width=8", "device=cuda")


def trained(name, plan, precision_name, num_steps=20):
    device = torch.device("cuda", 0)
    precision = use_precision(precision_name, device)
    family = make_family(name, {})
    members = [
        build_member(family, family.depths[0], 4, TASK, seed).to(device, precision.dtype)
        for seed in range(3)
    ]
    one_kernel = plan.channels_last or None
    settings = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3, "fused": one_kernel}
    optimizers = [SGD(member.parameters(), **settings) for member in members]
    execution = EXECUTIONS[plan.within](
        members, optimizers, device, precision, recipe=RECIPE, plan=plan
    )
    generator = torch.Generator().manual_seed(1)
    for _ in range(num_steps):
        images = torch.randn((3, 8, 3, 16, 16), generator=generator, dtype=torch.float64)
        labels = torch.randint(0, TASK.num_classes, (3, 8), generator=generator)
        for group in execution.groups(3):
            execution.prepare(group)
            rows = list(group)
            batch = images[rows].to(device, precision.dtype)
            execution.train_step(group, batch, labels[rows].to(device))
    execution.release()
    return [member.state_dict() for member in members]


@pytest.mark.parametrize(
    "plan",
    [pytest.param(plan, id=plan.label) for plan in candidate_plans(3, 1)],
)
@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize(("precision", "tolerance"), [("64", 1e-9), ("32", 1e-2)])
def test_every_way_learns_what_the_papers_way_learns(plan, name, precision, tolerance):
    for ours, theirs in zip(
        trained(name, plan, precision),
        trained(name, ExecutionPlan(), precision),
        strict=True,
    ):
        for key, value in theirs.items():
            torch.testing.assert_close(ours[key], value, rtol=tolerance, atol=tolerance / 100)


@pytest.mark.parametrize("recipe", [(), ("recipe/optimizer=adamw", "recipe.ema_decay=0.9")])
@pytest.mark.parametrize("plan", ["sequential", "fused"])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    plan, recipe, tiny_spec, tmp_path, monkeypatch, no_warnings
):
    def run(folder):
        overrides = (*SMALL, "precision=64", "epochs=3", f"execution={plan}", *recipe)
        spec, config = tiny_spec(*overrides, f"results={tmp_path / folder}")
        return train_and_measure(spec, config)

    whole = run("whole")
    calls = itertools.count()
    with monkeypatch.context() as patch:
        stop = (KeyboardInterrupt,)
        patch.setattr(interruption, "check", lambda: next(calls) or (_ for _ in ()).throw(*stop))
        with pytest.raises(KeyboardInterrupt):
            run("stopped")
    for ours, theirs in zip(run("stopped").epochs, whole.epochs, strict=True):
        assert ours.train_loss_nats == pytest.approx(theirs.train_loss_nats, rel=1e-6)
        assert ours.member_error_percent == theirs.member_error_percent


def test_the_stopwatch_agrees_with_the_devices_own_events():
    device = torch.device("cuda", 0)
    factor = torch.randn(4096, 4096, device=device)
    for _ in range(3):
        factor @ factor
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    watch = MemberStopwatch(1, synchronised_clock(device))
    watch.start()
    begin.record()
    for _ in range(50):
        factor @ factor
    end.record()
    watch.split((0,))
    assert watch.seconds[0] == pytest.approx(begin.elapsed_time(end) / 1000, rel=0.05)


def test_members_in_turn_need_the_memory_of_one(tiny_spec, no_warnings):
    peaks = {}
    for k in (1, 4):
        overrides = ("design=deq", f"k={k}", "budget.source=nearest", "device=cuda")
        spec, config = tiny_spec(*overrides, "execution=sequential", "budget.width=32")
        record = train_and_measure(spec, config)
        peaks[k] = record.epochs[-1].peak_device_bytes / record.design.member_parameters
    assert peaks[4] < 2 * peaks[1]


def test_too_little_memory_leaves_a_failure_that_says_so(tiny_spec):
    spec, config = tiny_spec(*SMALL, "execution=fused", "dataset.train_size=1000",
                             "dataset.test_size=100", "recipe.batch_size=1000")  # fmt: skip
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.0005)
    try:
        with pytest.raises(TrainingError, match="out of memory with 2 x"):
            run_job(spec, config, concurrent_jobs=1)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert run_state(spec.folder) is RunState.FAILED
