"""The timing pass."""

import json
from dataclasses import asdict, replace

import pytest

from ensemble_switchover.config import timed_epochs as timed_epochs_module
from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.results.lock import LOCK_SUFFIX, take_lock
from ensemble_switchover.runner import timing_pass
from ensemble_switchover.runner.run_timing import read_timing, timing_folder
from ensemble_switchover.runner.setup import load_split, prepare
from ensemble_switchover.runner.timing_pass import TimingPass

SMALL = ("budget.depth=8", "budget.width=8", "epochs=4")


def specs_of(tiny_spec, design, *overrides, seeds=(0, 1)):
    return [
        tiny_spec(f"design={design}", "k=2", f"seed={seed}", *SMALL, *overrides)[0]
        for seed in seeds
    ]


def make_pass(tiny_spec, *overrides, plan=None, **keywords):
    _, config = tiny_spec("design=deq", "k=2", *SMALL, *overrides)
    own, beside = (specs_of(tiny_spec, design, *overrides) for design in ("deq", "single"))
    setup = prepare(own[0], config)
    plan = plan or ExecutionPlan()
    return TimingPass(own, beside, setup, load_split(own[0]), plan, **keywords)


def test_the_designs_of_a_budget_take_turns_seed_by_seed(tiny_spec, monkeypatch):
    seen = []
    train = timing_pass.train_members

    def note(spec, *arguments, **keywords):
        seen.append((spec.seed, spec.design_label))
        return train(spec, *arguments, **keywords)

    monkeypatch.setattr(timing_pass, "train_members", note)
    one = make_pass(tiny_spec)
    timings = one.take(wait=False)
    assert seen == [(s, d) for s in (0, 1) for d in ("single k=1", "deq k=2")]
    assert timings.keys() == {spec.name for spec in one.own}
    for timing in timings.values():
        assert timing.beside == ["single k=1", "deq k=2"]
        assert (timing.timed_steps, timing.epoch_steps) == (3, 3)
        assert len(timing.training_seconds) == 2  # at least 5 steps
        assert len(timing.member_training_seconds) == 2
        assert min(timing.training_seconds) > 0
        assert len(timing.evaluation_seconds) == 1

    other = make_pass(tiny_spec)  # as in another process: what was timed is read
    assert other.take(wait=False) == timings
    assert len(seen) == 4


def test_it_leaves_a_pass_to_the_process_that_is_at_it(tiny_spec, monkeypatch):
    one = make_pass(tiny_spec)
    with take_lock(timing_folder(one.own[0])):
        assert one.take(wait=False) is None
        monkeypatch.setattr(timing_pass.time, "sleep", lambda _: pytest.fail("waited"))
        with pytest.raises(pytest.fail.Exception, match="waited"):
            one.take(wait=True)
    assert one.take(wait=True)


def test_of_a_process_that_was_killed_at_it_no_lock_is_left(tiny_spec):
    one = make_pass(tiny_spec)
    folder = timing_folder(one.own[0])
    with take_lock(folder) as lock:
        killed = replace(lock.owner, pid=2**31 - 1, process_start="")
    folder.mkdir(parents=True)
    (folder / "1.lock").write_text(json.dumps(asdict(killed)))
    assert one.take(wait=False)
    assert [path for path in folder.iterdir() if path.suffix == LOCK_SUFFIX] == []


def test_a_long_epoch_is_timed_in_part_and_scaled(tiny_spec, monkeypatch):
    monkeypatch.setattr(timed_epochs_module, "MOST_STEPS", 2)
    spec = specs_of(tiny_spec, "deq", "recipe.batch_size=8")[0]
    timed, whole = timed_epochs_module.timed_epochs(spec)
    assert (timed.warm_up_steps, timed.steps, timed.num_timed, whole) == (2, 2, 3, 5)
    steps = []
    train = timing_pass.train_members

    def note(spec, plan, split, precision, device, on_epoch, **keywords):
        def count(result):
            steps.append(result.step_losses.shape[1])
            on_epoch(result)

        return train(spec, plan, split, precision, device, count, **keywords)

    monkeypatch.setattr(timing_pass, "train_members", note)
    make_pass(tiny_spec, "recipe.batch_size=8").take(wait=False)
    assert steps == [2] * 4 * 4


def test_members_that_diverge_are_timed_all_the_same(tiny_spec):
    assert make_pass(tiny_spec, "recipe.learning_rate=1e6").take(wait=False)


def test_processes_are_timed_as_the_plan_has_them(tiny_spec):
    plan = ExecutionPlan(processes=2)
    one = make_pass(tiny_spec, "execution=parallel", "execution.processes=2", plan=plan)
    one.runs = one.own = one.own[:1]
    timings = one.take(wait=False)
    assert {timing.plan for timing in timings.values()} == {plan.label}


def test_a_disk_that_takes_nothing_costs_no_run(tiny_spec, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(timing_pass, "write_timing", refuse)
    one = make_pass(tiny_spec)
    assert one.take(wait=False)
    assert read_timing(one.own[0], one.setup.timing_environment, 1) is None


def test_a_plan_is_decided_once_a_design_and_not_for_its_own(tiny_spec, monkeypatch):
    decided = []

    def decide(spec, setup):
        decided.append(spec.design_label)
        return ExecutionPlan()

    monkeypatch.setattr(timing_pass, "decide_plan", decide)
    assert make_pass(tiny_spec, "execution=auto").take(wait=False)
    assert decided == ["single k=1"]


def test_what_was_timed_beside_other_jobs_is_timed_again_without_them(tiny_spec):
    assert make_pass(tiny_spec, concurrent_jobs=2).take(wait=False)
    one = make_pass(tiny_spec)
    assert one.timings() is None
    assert one.take(wait=False)
    assert make_pass(tiny_spec, concurrent_jobs=2).timings() is None
