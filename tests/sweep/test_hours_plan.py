"""What so many hours buy, and what is proposed where they are too few, by planted seconds."""

import re
from dataclasses import replace

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.units import HOUR_SECONDS
from ensemble_switchover.results.store import write_record
from ensemble_switchover.sweep.hours_plan import HoursAsked, decide_or_propose, describe_hours
from ensemble_switchover.sweep.next_runs import first_block
from tests.factories import make_record
from tests.sweep.planted_predictor import planted_jobs, planted_predictor

WORDS = (
    "sweep=own", "dataset=digits", "dataset.train_size=1000", "dataset.test_size=500",
    "budget.parameters=15k,50k,200k", "seed=0,1,2,3",
)  # fmt: skip


def specs_with(*more):
    parts = compose_overrides([*WORDS, *more])
    return resolve_study(config for _, part in parts for config in part).specs


@pytest.fixture(scope="module")
def specs():
    return specs_with()


def first_hours(specs):
    return sum(planted_jobs(first_block(specs).specs)) / HOUR_SECONDS


def test_enough_time_changes_nothing(specs):
    asked = HoursAsked(2.01 * first_hours(specs), 0.0)
    decision = decide_or_propose(specs, planted_predictor(), asked, pytest.fail)
    assert decision.epochs is None


def test_what_passes_before_and_starts_is_part_of_the_half(specs):
    hours = 2.01 * first_hours(specs)
    late = HoursAsked(hours, 0.3 * hours * HOUR_SECONDS / 2)
    assert decide_or_propose(specs, planted_predictor(), late, pytest.fail).epochs == 14
    slow = planted_predictor(start_seconds=0.3 * hours * HOUR_SECONDS / 2)
    assert decide_or_propose(specs, slow, HoursAsked(hours, 0.0), pytest.fail).epochs == 14


def test_too_little_time_names_what_fits(specs):
    hours = 0.2 * first_hours(specs)
    tried = []

    def resolve_with(more):
        tried.append(list(more))
        return specs_with(*more)

    with pytest.raises(ConfigError) as error:
        decide_or_propose(specs, planted_predictor(), HoursAsked(hours, 0.0), resolve_with)
    found = re.fullmatch(
        r"sweep\.hours=\S+: expected at least (\S+) for 2 budgets of 10 epochs; these fit: (.*)",
        str(error.value),
    )
    assert found
    assert float(found[1]) > hours
    words = found[2].split()
    fixed = any(word.startswith("epochs=") for word in words)
    again = HoursAsked(hours, 0.0, fixed_epochs=fixed)
    decide_or_propose(specs_with(*words), planted_predictor(), again, pytest.fail)
    assert words[: len(tried[-1])] == tried[-1]  # the first that fits, and nothing after it
    enough = HoursAsked(float(found[1]), 0.0)
    decide_or_propose(specs, planted_predictor(), enough, pytest.fail)


def test_where_nothing_fits_the_least_and_its_hours_are_named(specs):
    asked = HoursAsked(1e-9, 0.0)
    with pytest.raises(ConfigError, match=r"with dataset.train_size=\d+ epochs=3, expected at lea"):
        decide_or_propose(specs, planted_predictor(), asked, lambda more: specs_with(*more))


def test_overrides_without_such_networks_are_passed_over(specs):
    def none_there(more):
        raise ConfigError("no such network")

    with pytest.raises(ConfigError, match="smaller budgets, fewer images or more jobs"):
        decide_or_propose(specs, planted_predictor(), HoursAsked(1e-9, 0.0), none_there)


def test_the_first_block_and_what_fits_after_it_are_told(specs):
    first, predictor = first_hours(specs), planted_predictor()
    one, two = describe_hours(specs, predictor, HoursAsked(1.5 * first, 0.0))
    assert re.match(r"own: 20 epochs \(.*\), 3 budgets from [\d,]+ to [\d,]+ parameters", one)
    block = first_block(specs).specs
    further = min(len(block) // 2, len(specs) - len(block))
    assert further > 1
    assert f"first block: 3 of 3 budgets, 3 seeds, {len(block)} runs; about " in two
    assert two.endswith(f"then about {further} further runs, where they settle most")
    assert describe_hours(specs, None, HoursAsked(1.0, 0.0)) == [one]
    _, short = describe_hours(specs, predictor, HoursAsked(1.01 * first, 0.0))
    assert short.endswith("all counted; no further run fits")
    _, whole = describe_hours(block, predictor, HoursAsked(9.0, 0.0))
    assert whole.endswith("all counted; which is all")


def test_what_is_finished_of_the_first_block_takes_no_time(specs, tmp_path):
    moved = [replace(spec, results=tmp_path) for spec in specs]
    block = first_block(moved).specs
    for spec in block[1:]:
        write_record(spec.folder, make_record(name=spec.name))
    _, told = describe_hours(moved, planted_predictor(), HoursAsked(9.0, 0.0))
    assert "3 seeds, 1 run; about " in told
    write_record(block[0].folder, make_record(name=block[0].name))
    _, told = describe_hours(moved, planted_predictor(), HoursAsked(9.0, 0.0))
    assert told == "first block: 3 of 3 budgets, 3 seeds, finished before"
