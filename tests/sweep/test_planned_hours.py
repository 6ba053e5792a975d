"""What a plan shows of hours: the first block that the sweep would decide."""

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.machine.units import HOUR_SECONDS
from ensemble_switchover.sweep import planned_hours
from ensemble_switchover.sweep.block_seconds import workplace_here
from ensemble_switchover.sweep.hours_decision import Decision
from ensemble_switchover.sweep.hours_plan import HoursAsked
from ensemble_switchover.sweep.kept_decision import keep_decision
from ensemble_switchover.sweep.next_runs import first_block
from ensemble_switchover.sweep.planned_hours import plan_hours, states_epochs
from tests.sweep.planted_predictor import planted_jobs, planted_predictor

PLACE = workplace_here(1, "none")


@pytest.fixture
def asked_study(tmp_path):
    words = [
        "sweep=own", "dataset=digits", "budget.parameters=15k,50k,200k", "seed=0,1,2,3",
        f"results={tmp_path}",
    ]  # fmt: skip
    configs = [config for _, part in compose_overrides(words) for config in part]
    return words, configs, resolve_study(configs)


def plan(asked_study, hours, timing_seconds=None):
    words, configs, study = asked_study
    asked = HoursAsked(hours, 0.0)
    return plan_hours(study, configs, words, asked, PLACE, timing_seconds=timing_seconds)


def test_the_first_block_is_shown_at_its_epochs(asked_study, monkeypatch):
    monkeypatch.setattr(planned_hours, "known_predictor", lambda *_: planted_predictor())
    first = first_block(asked_study[2].specs).specs
    hours = 1.5 * sum(planted_jobs(first)) / HOUR_SECONDS
    found = plan(asked_study, hours)
    assert {spec.recipe.epochs for spec in found.study.specs} == {15}
    assert len(found.study.specs) == len(first)
    assert found.lines[1].startswith("first block: 3 of 3 budgets, 3 seeds")


def test_it_is_what_the_sweep_has_decided_before(asked_study, monkeypatch):
    monkeypatch.setattr(planned_hours, "known_predictor", lambda *_: None)
    words, _, study = asked_study
    smallest = min(spec.budget.parameters for spec in study.specs)
    keep_decision(study.specs, words, Decision(11, smallest))
    found = plan(asked_study, 9.0)
    assert {spec.recipe.epochs for spec in found.study.specs} == {11}
    assert {spec.budget.parameters for spec in found.study.specs} == {smallest}
    assert len(found.lines) == 1


def test_nothing_is_known_before_something_is_timed(asked_study, monkeypatch):
    monkeypatch.setattr(planned_hours, "known_predictor", lambda *_: None)
    found = plan(asked_study, 9.0)
    assert found.study is asked_study[2]
    assert "--calibrate" in found.lines[0]


def test_what_is_unknown_is_timed_where_that_is_asked_for(asked_study, monkeypatch):
    timed = []

    def block_predictor(specs, configs, place, seconds, *, again):
        assert again
        timed.append((len(specs), seconds, configs[specs[0].name]))
        return planted_predictor()

    monkeypatch.setattr(planned_hours, "block_predictor", block_predictor)
    monkeypatch.setattr(planned_hours, "replace", lambda predictor, **_: predictor)
    _, configs, study = asked_study
    plan(asked_study, 99.0, timing_seconds=5.0)
    assert timed == [(len(study.specs), 5.0, configs[study.first_asked[0]])]


def test_epochs_are_stated_by_any_run():
    assert states_epochs([["k=2"], ["epochs=3"]])
    assert not states_epochs([["k=2"], ["seed=1"]])
