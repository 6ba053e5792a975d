"""Epochs and budgets of a timed sweep, decided by planted seconds."""

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.units import HOUR_SECONDS
from ensemble_switchover.sweep.hours_decision import FIRST_SHARE, LEAST_EPOCHS, Decision, decide
from ensemble_switchover.sweep.next_runs import budgets_of, first_block

RUN_SECONDS = 60.0


@pytest.fixture(scope="module")
def specs():
    words = ["sweep=own", "dataset=digits"]
    return resolve_study(c for _, part in compose_overrides(words) for c in part).specs


def predicted(seconds=RUN_SECONDS):
    return lambda block: [seconds * spec.recipe.epochs / 20 for spec in block]


def first_seconds(specs):
    return RUN_SECONDS * len(first_block(specs).specs)


def test_the_recipes_epochs_stay_where_the_first_runs_fit(specs):
    enough = first_seconds(specs)
    decision = decide(specs, predicted(), enough, fixed_epochs=False)
    assert decision == Decision(None, budgets_of(specs)[-1])


def test_epochs_are_scaled_down_before_budgets_are_left_out(specs):
    assert specs[0].recipe.epochs == 20
    decision = decide(specs, predicted(), 0.75 * first_seconds(specs), fixed_epochs=False)
    assert decision == Decision(15, budgets_of(specs)[-1])


def test_budgets_are_left_out_before_epochs_are_too_few(specs):
    def growing(block):
        return [spec.budget.parameters / 1000 * spec.recipe.epochs / 20 for spec in block]

    whole = sum(growing(first_block(specs).specs))
    decision = decide(specs, growing, 0.1 * whole, fixed_epochs=False)
    assert decision.largest_budget < budgets_of(specs)[-1]
    assert decision.epochs is None or decision.epochs >= LEAST_EPOCHS
    kept = [spec for spec in specs if spec.budget.parameters <= decision.largest_budget]
    needed = sum(growing(first_block(kept).specs))
    assert needed * (decision.epochs or 20) / 20 <= 0.1 * whole
    as_asked = decide(specs, growing, 0.1 * whole, fixed_epochs=True)
    assert as_asked.epochs is None
    assert as_asked.largest_budget <= decision.largest_budget


def test_too_little_time_says_how_much_would_do(specs):
    with pytest.raises(ConfigError, match=r"sweep.hours: expected at least") as error:
        decide(specs, predicted(1e6), HOUR_SECONDS, fixed_epochs=False)
    hours = float(str(error.value).split("at least ")[1].split()[0])
    enough = 1.1 * hours * HOUR_SECONDS * FIRST_SHARE  # of a rounded figure
    epochs = decide(specs, predicted(1e6), enough, fixed_epochs=False).epochs
    assert LEAST_EPOCHS <= epochs <= 1.1 * LEAST_EPOCHS


def test_runs_at_a_time_shorten_the_first_block_and_the_hours_that_it_needs(specs):
    half = first_seconds(specs) / 2
    decision = decide(specs, predicted(), half, jobs=2, fixed_epochs=False)
    assert decision == Decision(None, budgets_of(specs)[-1])
    with pytest.raises(ConfigError) as alone:
        decide(specs, predicted(1e6), HOUR_SECONDS, fixed_epochs=False)
    with pytest.raises(ConfigError) as four:
        decide(specs, predicted(1e6), HOUR_SECONDS, jobs=4, fixed_epochs=False)
    hours = [float(str(e.value).split("at least ")[1].split()[0]) for e in (alone, four)]
    assert hours[0] == pytest.approx(4 * hours[1], rel=0.05)


def test_many_jobs_do_not_shorten_the_longest_run(specs):
    decision = decide(specs, predicted(), RUN_SECONDS / 2, jobs=1000, fixed_epochs=False)
    assert decision.epochs == 10


def test_what_does_not_grow_with_the_epochs_is_not_scaled(specs):
    block = first_block(specs).specs

    def predict(runs):
        return [(0.8 * spec.recipe.epochs / 20 + 0.2) * RUN_SECONDS for spec in runs]

    decision = decide(specs, predict, 0.601 * first_seconds(specs), fixed_epochs=False)
    assert decision.epochs == 10
    assert len(block) * RUN_SECONDS * (0.8 * 10 / 20 + 0.2) == pytest.approx(
        0.6 * first_seconds(specs)
    )
    with pytest.raises(ConfigError, match="expected at least"):
        decide(specs, predict, 0.01 * first_seconds(specs), fixed_epochs=False)


def test_a_study_of_one_budget_has_its_first_block_too(specs):
    one = [spec for spec in specs if spec.budget.parameters == budgets_of(specs)[3]]
    assert decide(one, predicted(), first_seconds(one), fixed_epochs=False).epochs is None
    with pytest.raises(ConfigError, match=r"at least .* for 1 budget of 10 epochs"):
        decide(one, predicted(1e6), HOUR_SECONDS, fixed_epochs=False)


def test_what_is_before_the_first_job_is_counted(specs):
    whole = first_seconds(specs)
    late = decide(specs, predicted(), whole, before=0.25 * whole, fixed_epochs=False)
    assert late == Decision(15, budgets_of(specs)[-1])
    early = decide(specs, predicted(), whole, before=0.0, fixed_epochs=False)
    assert early == Decision(None, budgets_of(specs)[-1])
    with pytest.raises(ConfigError) as error:
        decide(specs, predicted(), whole, before=HOUR_SECONDS, fixed_epochs=False)
    hours = float(str(error.value).split("at least ")[1].split()[0])
    assert hours > 1 / FIRST_SHARE
