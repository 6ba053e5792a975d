"""Seeds trained together leave what each would leave alone."""

import math
import weakref
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from ensemble_switchover.errors import MachineError, TrainingError
from ensemble_switchover.machine import interruption
from ensemble_switchover.networks.fused import NoFusedFormError
from ensemble_switchover.results.layout import LOG_FILE, RECORD_FILE, WEIGHTS_FILE
from ensemble_switchover.results.state import RunState, failure_of, run_state
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner import choose_together, run_seconds
from ensemble_switchover.runner import together as together_module
from ensemble_switchover.runner.active_run import ActiveRun
from ensemble_switchover.runner.job import Ending, run_job, run_seeds
from ensemble_switchover.training import assemble
from ensemble_switchover.training.execution.fused import FusedExecution

SMALL = (
    "precision=64",
    "epochs=3",
    "recipe.learning_rate=0.05",
    "measurement.latency_batch_sizes=[1]",
    "measurement.latency_seconds=0.001",
    "measurement.layer_repeats=2",
)
DEQ = ("arch=resnet", "design=deq", "k=2", "budget.depth=8", "budget.width=8")


def pairs(tiny_spec, results, *overrides, seeds=(0, 1, 2)):
    """Resolve a run a seed, with its configuration."""
    return [tiny_spec(*SMALL, *overrides, f"seed={seed}", f"results={results}") for seed in seeds]


def train_alone(runs):
    for spec, config in runs:
        run_job(spec, config, concurrent_jobs=1)


@pytest.fixture(scope="module")
def alone_folder(tmp_path_factory):
    """Return the folder of the runs trained alone, each of which several tests compare with."""
    return tmp_path_factory.mktemp("alone")


@pytest.fixture
def made_alone(tiny_spec, alone_folder):
    """Train runs alone which no test before has trained."""

    def make(design=DEQ, **which):
        runs = pairs(tiny_spec, alone_folder, *design, **which)
        train_alone(runs)
        return runs

    return make


def train_together(runs, *, together="seeds", beside=()):
    return run_seeds(runs, beside, together=together, concurrent_jobs=1)


def records_of(runs):
    return [read_record(spec.folder / RECORD_FILE) for spec, _ in runs]


def assert_equal_runs(alone, together):
    for (one, _), (other, _) in zip(alone, together, strict=True):
        assert one.name == other.name
        first, second = (read_record(spec.folder / RECORD_FILE) for spec in (one, other))
        assert first.fingerprint == second.fingerprint
        assert first.member_seeds == second.member_seeds
        for a, b in zip(first.epochs, second.epochs, strict=True):
            assert a.error_percent == b.error_percent
            assert a.member_error_percent == b.member_error_percent
            assert a.train_loss_nats == pytest.approx(b.train_loss_nats, rel=1e-9)
            evaluated = b.error_percent is not None
            assert (b.evaluation_seconds > 0) == evaluated
            assert a.nll_nats == (pytest.approx(b.nll_nats, rel=1e-6) if evaluated else None)
        assert_equal_weights(one, other)


def assert_equal_weights(one, other):
    first, second = (load_file(spec.folder / WEIGHTS_FILE) for spec in (one, other))
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        scale = max(1.0, tensor.double().abs().max().item())
        assert (tensor.double() - second[name].double()).abs().max().item() <= 1e-9 * scale, name


@pytest.mark.parametrize(
    "design",
    [
        DEQ,
        ("arch=resnet", "design=single", "budget.depth=8", "budget.width=4"),
        ("arch=densenet", "design=weq", "k=3", "budget.depth=13", "budget.width=4"),
        ("arch=wide_resnet", "design=single", "budget.depth=10", "budget.width=1"),
        ("arch=vgg", "design=single", "budget.depth=11", "budget.width=2"),
        (*DEQ, "evaluate_every=2"),
        (
            *DEQ,
            "recipe=adamw_onecycle",
            "recipe.mixup=0.2",
            "recipe.cutmix=1",
            "recipe.ema_decay=0.9",
            "recipe.gradient_clip=0.1",
            "recipe.label_smoothing=0.1",
        ),
        ("arch=resnet", "design=single", "budget.depth=8", "budget.width=4", "evaluate_every=9"),
    ],
)
def test_records_and_weights_are_those_of_runs_alone(tiny_spec, made_alone, tmp_path, design):
    alone, joint = made_alone(design), pairs(tiny_spec, tmp_path, *design)
    outcomes = train_together(joint)
    assert [outcome.ending for outcome in outcomes] == [Ending.TRAINED] * 3
    assert_equal_runs(alone, joint)
    for record in records_of(joint):
        assert all(epoch.together for epoch in record.epochs)
        assert record.environment.times_of == "timing pass"
        assert record.timing_pass.seeds == [0, 1, 2]
        assert record.timing_pass.num_members == 3 * record.design.k
        parts = record.seconds
        assert parts.timing > 0
        assert record.wall_seconds > 0
    assert all(record.environment.times_of == "run" for record in records_of(alone))


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seeds=st.lists(st.integers(0, 4), min_size=2, max_size=5, unique=True),
    k=st.integers(2, 3),
    fitting=st.integers(1, 5),
)
def test_any_seeds_in_any_groups(tiny_spec, made_alone, tmp_path_factory, seeds, k, fitting):
    design = ("arch=resnet", "design=deq", f"k={k}", "budget.depth=8", "budget.width=8")
    alone = made_alone(design, seeds=seeds)
    joint = pairs(tiny_spec, tmp_path_factory.mktemp("any"), *design, seeds=seeds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together_module, "num_fitting_seeds", lambda *_: fitting)
        train_together(joint)
    assert_equal_runs(alone, joint)
    sizes = [len(record.timing_pass.seeds) for record in records_of(joint)]
    assert max(sizes) == math.ceil(len(seeds) / math.ceil(len(seeds) / fitting))


@pytest.fixture
def poisoned(monkeypatch):
    """Let the weights of the second member of seed 1 be no numbers from the beginning."""
    build = assemble._build

    def poison(spec, seeds):
        ensemble = build(spec, seeds)
        for member, seed in zip(ensemble.members, seeds, strict=True):
            if seed == 64 + 1:
                with torch.no_grad():
                    next(member.parameters()).fill_(float("nan"))
        return ensemble

    monkeypatch.setattr(assemble, "_build", poison)


def test_a_member_that_diverges_ends_its_seed_and_no_other(
    tiny_spec, made_alone, tmp_path, poisoned
):
    alone, joint = made_alone(seeds=(0, 2)), pairs(tiny_spec, tmp_path, *DEQ)
    train_together(joint)
    failed, _ = joint.pop(1)
    assert run_state(failed.folder) is RunState.FAILED
    assert failure_of(failed.folder).startswith(
        "member 1: the loss is not finite in epoch 1, step 1 of 3"
    )
    assert_equal_runs(alone, joint)
    assert all(record.epochs[-1].together for record in records_of(joint))


@pytest.mark.parametrize(
    "spoiled",
    [
        (6, 5, 3 * [[True, False, False]]),  # all members, in the second epoch
        (1, 8, [[True, True, False], *2 * [[True] * 3]]),  # the first, in the last epoch
    ],
)
def test_neighbours_that_a_device_spoils_go_on_apart(
    tiny_spec, made_alone, tmp_path, monkeypatch, spoiled
):
    alone, joint = made_alone(), pairs(tiny_spec, tmp_path, *DEQ)
    steps = []
    train_step = FusedExecution.train_step
    num_spoiled, at, ways = spoiled

    def spoil(self, group, images, labels):
        steps.append(group)
        if len(steps) == at:
            kernels = next(self.network.parameters())
            with torch.no_grad():
                kernels[: num_spoiled * len(kernels) // 6].fill_(float("nan"))
        return train_step(self, group, images, labels)

    monkeypatch.setattr(FusedExecution, "train_step", spoil)
    train_together(joint)
    assert_equal_runs(alone, joint)
    assert [[e.together for e in record.epochs] for record in records_of(joint)] == ways


@pytest.mark.parametrize("then", ["together", "alone"])
def test_what_was_stopped_goes_on(tiny_spec, made_alone, tmp_path, monkeypatch, then):
    alone, joint = made_alone(), pairs(tiny_spec, tmp_path, *DEQ)
    checks = []

    def stop():
        checks.append(1)
        if len(checks) == 6:  # within the training
            raise KeyboardInterrupt

    monkeypatch.setattr(run_seconds, "_waited_seconds", lambda: 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(together_module.interruption, "check", stop)
        patch.setattr(run_seconds, "_waited_seconds", lambda: 30.0)
        with pytest.raises(KeyboardInterrupt):
            train_together(joint)
    assert {run_state(spec.folder) for spec, _ in joint} == {RunState.INTERRUPTED}
    if then == "together":
        train_together(joint)
    else:
        train_alone(joint)
    assert_equal_runs(alone, joint)
    for spec, _ in joint:
        assert "going on after epoch" in (spec.folder / LOG_FILE).read_text()
    assert {record.environment.times_of for record in records_of(joint)} == {"timing pass"}
    for record in records_of(joint):
        assert record.seconds.waiting == 10.0  # its share
        assert record.seconds.timing > 0


def test_runs_at_different_epochs_go_on_in_groups_of_one_epoch(
    tiny_spec, made_alone, tmp_path, monkeypatch
):
    alone, joint = made_alone(), pairs(tiny_spec, tmp_path, *DEQ)
    spec, config = joint[1]
    with monkeypatch.context() as patch:
        calls = []

        def stop():
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt

        patch.setattr(interruption, "check", stop)
        with pytest.raises(KeyboardInterrupt):
            run_job(spec, config, concurrent_jobs=1)
    train_together(joint)
    assert_equal_runs(alone, joint)
    assert [record.timing_pass.seeds for record in records_of(joint)] == [[0, 2], [1], [0, 2]]


def test_memory_that_ends_amid_the_keeping_of_an_epoch_leaves_groups_of_one_epoch(
    tiny_spec, made_alone, tmp_path, monkeypatch
):
    alone, joint = made_alone(), pairs(tiny_spec, tmp_path, *DEQ)
    add_epoch = ActiveRun.add_epoch
    refused = []

    def refuse_once(run, *arguments, **keywords):
        if (run.spec.seed, run.num_epochs) == (1, 1) and not refused:
            refused.append(run)
            raise MemoryError
        add_epoch(run, *arguments, **keywords)

    monkeypatch.setattr(ActiveRun, "add_epoch", refuse_once)
    train_together(joint)
    assert refused
    assert_equal_runs(alone, joint)


@pytest.fixture
def planted_timings(monkeypatch):
    """Let a timing pass have found what a test says."""
    known = together_module.TimingPass.timings

    def plant(seconds):
        def planted(self):
            timings = known(self)
            if timings is None:
                return None
            return {n: replace(t, training_seconds=[seconds]) for n, t in timings.items()}

        monkeypatch.setattr(together_module.TimingPass, "timings", planted)
        # what else runs on this machine decides nothing
        monkeypatch.setattr(choose_together, "TOLERATED_WAIT", math.inf)

    return plant


@pytest.mark.parametrize(("seconds", "is_together"), [(1e-9, False), (1e9, True)])
def test_auto_trains_as_is_quicker_and_says_so(
    tiny_spec, made_alone, tmp_path, planted_timings, seconds, is_together
):
    alone, joint = made_alone(), pairs(tiny_spec, tmp_path, *DEQ)
    planted_timings(seconds)
    train_together(joint, together="auto")
    assert_equal_runs(alone, joint)
    assert records_of(joint)[0].epochs[-1].together is is_together
    log = (joint[0][0].folder / LOG_FILE).read_text()
    assert f"sweep.together=auto: 3 seeds {'together' if is_together else 'apart'}" in log


def test_what_is_slower_in_one_group_is_tried_in_no_other(
    tiny_spec, tmp_path, monkeypatch, planted_timings
):
    planted_timings(1e-9)
    monkeypatch.setattr(together_module, "num_fitting_seeds", lambda *_: 2)
    joint = pairs(tiny_spec, tmp_path, *DEQ, seeds=(0, 1, 2, 3))
    train_together(joint, together="auto")
    ways = [[epoch.together for epoch in record.epochs] for record in records_of(joint)]
    assert ways == 2 * [[True, True, False]] + 2 * [[False] * 3]


@pytest.mark.parametrize("error", [NoFusedFormError("no fused form"), MemoryError("no more")])
def test_what_cannot_be_trained_together_is_trained_apart(
    tiny_spec, made_alone, tmp_path, monkeypatch, error
):
    alone, joint = made_alone(), pairs(tiny_spec, tmp_path, *DEQ)

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(together_module, "train_together", refuse)
    train_together(joint)
    assert_equal_runs(alone, joint)
    assert not any(epoch.together for r in records_of(joint) for epoch in r.epochs)


@pytest.mark.parametrize("kind", [TrainingError, RuntimeError])
def test_a_run_that_fails_holds_no_memory_while_the_others_go_on(
    tiny_spec, tmp_path, monkeypatch, kind
):
    class Weights:
        """What the frames of a failed training refer to."""

    held = []
    train_apart = together_module.train_apart

    def fail_first(run, *arguments):
        if not held:
            weights = Weights()
            weights.itself = weights  # as Lightning's objects refer to each other
            held.append(weakref.ref(weights))
            raise kind("a fault")
        assert held[0]() is None
        return train_apart(run, *arguments)

    monkeypatch.setattr(together_module, "train_apart", fail_first)
    monkeypatch.setattr(together_module, "num_fitting_seeds", lambda *_: 1)
    joint = pairs(tiny_spec, tmp_path, *DEQ, seeds=(0, 1))
    with nullcontext() if kind is TrainingError else pytest.raises(RuntimeError):
        train_together(joint)
    states = [run_state(spec.folder) for spec, _ in joint]
    assert states == [RunState.FAILED, RunState.FINISHED]


def test_each_seed_has_its_own_log(tiny_spec, tmp_path):
    joint = pairs(tiny_spec, tmp_path, *DEQ)
    train_together(joint)
    for spec, _ in joint:
        log = (spec.folder / LOG_FILE).read_text()
        assert log.count("epoch 3/3") == 1
        assert log.count("resnet_digits_8x8_deq_k2_seed") == 1


def test_finished_and_held_runs_are_left_out(tiny_spec, tmp_path):
    joint = pairs(tiny_spec, tmp_path, *DEQ)
    train_alone(joint[:1])
    outcomes = train_together(joint)
    assert [outcome.ending for outcome in outcomes] == [
        Ending.REUSED,
        Ending.TRAINED,
        Ending.TRAINED,
    ]
    assert records_of(joint)[0].environment.times_of == "run"


def test_a_full_disk_is_no_failure_of_any_run(tiny_spec, tmp_path, monkeypatch):
    joint = pairs(tiny_spec, tmp_path, *DEQ)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ensemble_switchover.runner.held_run.write_record", full)
        with pytest.raises(MachineError, match="no run has failed by it"):
            train_together(joint)
    assert {run_state(spec.folder) for spec, _ in joint} == {RunState.INTERRUPTED}
    train_together(joint)
    assert {run_state(spec.folder) for spec, _ in joint} == {RunState.FINISHED}
