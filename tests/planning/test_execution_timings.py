"""What `execution=auto` chooses from timings, and how they are kept."""

from dataclasses import replace
from importlib.metadata import version

import pytest

from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.planning.basis import this_device
from ensemble_switchover.planning.execution_timings import (
    StepTimings,
    read_timings,
    timings_path,
    timings_subject,
    write_timings,
)
from ensemble_switchover.planning.forecast import forecast

CHANGED = b"""{"version": 1, "subject": "a design", "torch": "%s", "date": "",
"step_seconds": {"sequential": -1}}""" % version("torch").encode()
LAST, FUSED, SPREAD = (
    ExecutionPlan(channels_last=True),
    ExecutionPlan("fused"),
    ExecutionPlan(channels_last=True, processes=2),
)


@pytest.fixture
def timings(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return StepTimings(
        subject="a design",
        torch=version("torch"),
        date="2026-01-01",
        step_seconds={
            ExecutionPlan().label: 1.0,
            LAST.label: 0.9,
            FUSED.label: 0.97,
            SPREAD.label: 0.5,
        },
        start_seconds={SPREAD.label: 10.0},
    )


@pytest.mark.parametrize(("num_steps", "plan"), [(10, LAST), (24, LAST), (26, SPREAD)])
def test_the_start_of_processes_has_to_pay_off(timings, num_steps, plan):
    assert timings.fastest(candidate_plans(4, 2), num_steps) == plan


def test_what_is_hardly_quicker_is_left(timings):
    assert timings.fastest([ExecutionPlan(), FUSED], 100) == ExecutionPlan()
    quicker = replace(timings, step_seconds={**timings.step_seconds, FUSED.label: 0.94})
    assert quicker.fastest([ExecutionPlan(), FUSED], 100) == FUSED


def test_what_was_not_timed_is_not_chosen(timings):
    untimed = ExecutionPlan("fused", processes=2)
    assert timings.fastest([ExecutionPlan(), untimed], 1000) == ExecutionPlan()


def test_a_timing_is_kept_and_read_back(timings):
    assert read_timings(timings.subject, None) is None
    write_timings(timings, None)
    assert read_timings(timings.subject, None) == timings
    assert read_timings("another design", None) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[1, 2", CHANGED, CHANGED.replace(b"-1", b"NaN")])
def test_a_damaged_one_is_as_none(timings, content):
    write_timings(timings, None)
    timings_path(timings.subject, None).write_bytes(content)
    assert read_timings(timings.subject, None) is None


@pytest.mark.parametrize("other", [{"version": 0}, {"torch": "1"}])
def test_of_another_version_it_is_as_none(other, timings):
    write_timings(replace(timings, **other), None)
    assert read_timings(timings.subject, None) is None


@pytest.mark.parametrize(
    ("override", "same"),
    [
        ("seed=3", True),
        ("epochs=7", True),
        ("execution=fused", True),
        ("k=3", False),
        ("recipe.batch_size=8", False),
        ("recipe.learning_rate=0.2", True),
        ("recipe/optimizer=adamw", False),
        ("recipe.ema_decay=0.9", False),
        ("budget.width=8", False),
        ("precision=64", False),
        ("compile=true", False),
        ("threads=2", False),
        ("dataset.augmentation=standard", False),
    ],
)
def test_it_is_for_runs_whose_steps_take_the_same_time(override, same, tiny_spec):
    overrides = ("design=deq", "k=2", "budget.depth=8", "budget.width=6")
    subjects = [
        timings_subject(tiny_spec(*overrides, *more)[0], "cpu", "Example CPU")
        for more in ((), (override,))
    ]
    assert (subjects[0] == subjects[1]) == same


@pytest.mark.parametrize(
    ("step_seconds", "plan"),
    [
        ({}, ExecutionPlan()),
        ({"sequential": 1.0, "stacked": 0.1}, ExecutionPlan()),
        ({"stacked": 0.1}, ExecutionPlan()),
        ({"sequential": 1.0, "parallel: 0 processes, fused": 0.1}, ExecutionPlan()),
        ({"sequential": 1.0, "fused": 0.5, "stacked": 0.1}, FUSED),
    ],
    ids=["none", "gone", "only one that is gone", "impossible", "another is known"],
)
def test_an_execution_that_is_gone_is_not_expected(
    step_seconds, plan, tiny_spec, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    spec, _ = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=6")
    subject = timings_subject(spec, *this_device(spec))
    write_timings(
        StepTimings(
            subject=subject, torch=version("torch"), date="2026-01-01", step_seconds=step_seconds
        ),
        spec.dataset.cache,
    )
    assert forecast([spec], [], None)[0].plan == plan


def test_a_plan_takes_what_was_tried_before(tiny_spec, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    spec, _ = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=6")
    (before,) = forecast([spec], [], None)
    assert before.plan == ExecutionPlan()
    step_seconds = {ExecutionPlan().label: 1.0, FUSED.label: 0.5}
    subject = timings_subject(spec, *this_device(spec))
    write_timings(
        StepTimings(
            subject=subject, torch=version("torch"), date="2026-01-01", step_seconds=step_seconds
        ),
        None,
    )
    (after,) = forecast([spec], [], None)
    assert after.plan == FUSED
    assert after.cost.memory_bytes > before.cost.memory_bytes
    assert after.spec.name == before.spec.name
