"""What only a GPU can show, and beside it, on the CPU, as much of that as a CPU can.

`python -m benchmarks.gpu_day` runs these on a machine with a GPU, one function after another.
"""

import itertools
from dataclasses import replace
from functools import cache

import pytest
import torch
from safetensors.torch import load_file
from torch.optim import SGD

from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.errors import TrainingError
from ensemble_switchover.machine import interruption
from ensemble_switchover.measurement.timing import MemberStopwatch, synchronised_clock
from ensemble_switchover.networks import build_member
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner.job import Ending, run_job, run_seeds
from ensemble_switchover.runner.run import train_and_measure
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.precision import use_precision
from tests.training.members import RECIPE

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]

TASK = ImageTask(channels=3, size=16, num_classes=5)
SMALL = ("design=deq", "k=2", "budget.depth=8", "budget.width=8")


@cache
def trained(name, plan, precision_name, device_type="cuda", num_steps=20, image_size=16):
    """Train three members; return the losses (steps, 3) and the members' states, on the CPU."""
    device = torch.device(device_type)
    task = replace(TASK, size=image_size)
    precision = use_precision(precision_name, device)
    family = make_family(name, {})
    members = [
        build_member(family, family.depths[0], 4, task, seed).to(device, precision.dtype)
        for seed in range(3)
    ]
    one_kernel = plan.channels_last or None
    settings = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3, "fused": one_kernel}
    optimizers = [SGD(member.parameters(), **settings) for member in members]
    execution = EXECUTIONS[plan.within](
        members, optimizers, device, precision, recipe=RECIPE, plan=plan
    )
    generator = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(num_steps):
        shape = (3, 8, 3, image_size, image_size)
        images = torch.randn(shape, generator=generator, dtype=torch.float64)
        labels = torch.randint(0, task.num_classes, (3, 8), generator=generator)
        for group in execution.groups(3):
            execution.prepare(group)
            rows = list(group)
            batch = images[rows].to(device, precision.dtype)
            losses.append(execution.train_step(group, batch, labels[rows].to(device)).cpu())
    execution.release()
    states = [
        {key: value.cpu() for key, value in member.state_dict().items()} for member in members
    ]
    return torch.cat(losses).view(num_steps, 3), states


PLANS = [pytest.param(plan, id=plan.label) for plan in candidate_plans(3, 1)]


@pytest.mark.cuda
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize(("precision", "tolerance"), [("64", 1e-9), ("32", 1e-2)])
def test_every_way_learns_what_the_papers_way_learns(plan, name, precision, tolerance):
    _, ways = trained(name, plan, precision)
    _, papers = trained(name, ExecutionPlan(), precision)
    for ours, theirs in zip(ways, papers, strict=True):
        for key, value in theirs.items():
            torch.testing.assert_close(ours[key], value, rtol=tolerance, atol=tolerance / 100)


@pytest.mark.cuda
@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_gpu_learns_what_the_cpu_learns(name):
    _, on_gpu = trained(name, ExecutionPlan(), "64", "cuda", num_steps=5)
    _, on_cpu = trained(name, ExecutionPlan(), "64", "cpu", num_steps=5)
    for ours, theirs in zip(on_gpu, on_cpu, strict=True):
        for key, value in theirs.items():
            torch.testing.assert_close(ours[key], value, rtol=1e-7, atol=1e-9)


TOLERANCES = {"32": 1e-5, "tf32": 2e-3, "16": 5e-3, "bf16": 3e-2}
"""Of the first steps' losses, relative to those in double precision."""


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("precision", TOLERANCES)
def test_a_mixed_precision_computes_by_it_and_learns_about_the_same(precision, plan, device):
    if precision == "tf32" and device == "cpu":
        pytest.skip("TF32 is CUDA's")
    if precision == "16" and plan.shares_steps:
        pytest.skip("scaled losses are of one member each")
    sizes = {"num_steps": 2, "image_size": 8}
    exact, _ = trained("resnet", ExecutionPlan(), "64", device, **sizes)
    losses, states = trained("resnet", plan, precision, device, **sizes)
    torch.testing.assert_close(losses.double(), exact, rtol=TOLERANCES[precision], atol=0)
    assert all(value.dtype != torch.float16 for value in states[0].values())
    assert all(value.dtype != torch.bfloat16 for value in states[0].values())
    if precision in ("16", "bf16"):  # TF32 is for the libraries to take, or not for small layers
        apart = (losses.double() / exact - 1).abs().max().item()
        assert apart > TOLERANCES["32"] / 10


@pytest.mark.parametrize("recipe", [(), ("recipe/optimizer=adamw", "recipe.ema_decay=0.9")])
@pytest.mark.parametrize("plan", ["sequential", "fused"])
@pytest.mark.parametrize("device", DEVICES)
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    plan, recipe, device, tiny_spec, tmp_path, monkeypatch, no_warnings
):
    def run(folder):
        overrides = (*SMALL, f"device={device}", "precision=64", "epochs=3")
        overrides += (f"execution={plan}", *recipe)
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


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("plan", ["sequential", "fused"])
def test_images_from_the_host_train_what_those_on_the_device_do(
    plan, device, tiny_spec, tmp_path, no_warnings
):
    records = {}
    for residence in ("host", "device"):
        overrides = (*SMALL, f"device={device}", "precision=64", "epochs=2", f"execution={plan}")
        where = (f"dataset.residence={residence}", f"results={tmp_path / residence}")
        record = train_and_measure(*tiny_spec(*overrides, *where))
        assert record.environment.residence == residence
        records[residence] = record
    for ours, theirs in zip(records["host"].epochs, records["device"].epochs, strict=True):
        assert ours.train_loss_nats == pytest.approx(theirs.train_loss_nats, rel=1e-9)
        assert ours.member_error_percent == theirs.member_error_percent


@pytest.mark.parametrize("device", DEVICES)
def test_seeds_together_learn_what_each_learns_alone(device, tiny_spec, tmp_path):
    overrides = (*SMALL, f"device={device}", "precision=64", "epochs=2", "execution=sequential")

    def runs(folder):
        seeds = [(f"seed={seed}", f"results={tmp_path / folder}") for seed in range(2)]
        return [tiny_spec(*overrides, *seed) for seed in seeds]

    alone, together = runs("alone"), runs("together")
    for spec, config in alone:
        run_job(spec, config, concurrent_jobs=1)
    outcomes = run_seeds(together, (), together="seeds", concurrent_jobs=1)
    assert [outcome.ending for outcome in outcomes] == [Ending.TRAINED] * 2
    for (one, _), (other, _) in zip(alone, together, strict=True):
        theirs, ours = (read_record(spec.folder / RECORD_FILE) for spec in (one, other))
        assert ours.timing_pass.seeds == [0, 1]
        assert [epoch.member_error_percent for epoch in ours.epochs] == [
            epoch.member_error_percent for epoch in theirs.epochs
        ]
        first, second = (load_file(spec.folder / WEIGHTS_FILE) for spec in (one, other))
        for name, tensor in first.items():
            torch.testing.assert_close(second[name], tensor, rtol=1e-6, atol=1e-9)


@pytest.mark.cuda
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


@pytest.mark.cuda
def test_members_in_turn_need_the_memory_of_one(tiny_spec, no_warnings):
    peaks = {}
    for k in (1, 4):
        overrides = ("design=deq", f"k={k}", "budget.source=nearest", "device=cuda")
        spec, config = tiny_spec(*overrides, "execution=sequential", "budget.width=32")
        record = train_and_measure(spec, config)
        peaks[k] = record.epochs[-1].peak_device_bytes / record.design.member_parameters
    assert peaks[4] < 2 * peaks[1]


@pytest.mark.cuda
def test_too_little_memory_leaves_a_failure_that_says_so(tiny_spec):
    sizes = ("dataset.train_size=1000", "dataset.test_size=100", "recipe.batch_size=1000")
    spec, config = tiny_spec(*SMALL, "device=cuda", "execution=fused", *sizes)
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.0005)
    try:
        with pytest.raises(TrainingError, match="out of memory with 2 x"):
            run_job(spec, config, concurrent_jobs=1)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert run_state(spec.folder) is RunState.FAILED
