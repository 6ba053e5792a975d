"""Time goes to where the winner is least certain: on planted errors, without any training."""

import math

import numpy as np
import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.sweep.next_runs import _differences, budgets_of, first_block, next_block


@pytest.fixture(scope="module")
def specs():
    overrides = ["sweep=own", "dataset=digits", "design=single,deq"]
    return resolve_study(c for _, part in compose_overrides(overrides) for c in part).specs


def planted(switchover, deviation, generator):
    """Return test errors of which deq beats the single network beyond a budget."""

    def error(spec):
        single = 30 - 2 * math.log2(spec.budget.parameters / 50_000)
        if spec.design.k == 1:
            return single + generator.normal(0, deviation)
        gain = 1.5 * math.log2(spec.budget.parameters / switchover)
        return single - gain + generator.normal(0, deviation)

    return error


def simulate(specs, error, num_runs):
    """Make runs by the rule until so many are made; return their errors and the blocks."""
    block = first_block(specs)
    blocks, errors = [block], {spec.name: error(spec) for spec in block.specs}
    while (block := next_block(specs, errors, errors)) is not None:
        if len(errors) + len(block.specs) > num_runs:
            break
        blocks.append(block)
        errors |= {spec.name: error(spec) for spec in block.specs}
    return errors, blocks


def test_it_begins_with_the_ends_and_some_between_and_two_seeds(specs):
    block = first_block(specs)
    budgets = budgets_of(specs)
    chosen = budgets_of(block.specs)
    assert len(chosen) == 4
    assert {chosen[0], chosen[-1]} == {budgets[0], budgets[-1]}
    assert {spec.seed for spec in block.specs} == {0, 1}
    assert len(block.specs) == 4 * 2 * 2


def test_it_begins_where_there_are_ensembles(specs):
    budgets = budgets_of(specs)
    fewer = [spec for spec in specs if spec.design.k == 1 or spec.budget.parameters > budgets[1]]
    chosen = budgets_of(first_block(fewer).specs)
    assert (chosen[0], chosen[-1]) == (budgets[2], budgets[-1])


def test_ensembles_are_compared_with_single_networks_of_their_own_setting():
    """Else those of one difficulty would be set against the single networks of another."""
    overrides = ["sweep=fractals", "design=single,deq", "k=2", "dataset.difficulty=0.3,0.7"]
    overrides += ["seed=0,1", "budget.network=20x8,20x16"]
    specs = resolve_study(c for _, part in compose_overrides(overrides) for c in part).specs
    errors = {spec.name: 100 * spec.dataset.difficulty for spec in specs}
    found = _differences(specs, errors)
    assert len(found) == 2
    assert {difference for each in found.values() for d in each.values() for difference in d} == {0}
    assert all(len(d) == 2 for each in found.values() for d in each.values())


def test_runs_gather_around_the_planted_switchover(specs):
    budgets = budgets_of(specs)
    near = []
    for number in range(20):
        generator = np.random.default_rng(number)
        switchover = math.exp(generator.uniform(math.log(100_000), math.log(1_600_000)))
        _, blocks = simulate(specs, planted(switchover, 0.5, generator), 40)
        later = [block.specs[0].budget.parameters for block in blocks[1:]]
        near += [abs(math.log2(parameters / switchover)) < 1.1 for parameters in later]
    # within a factor of about 2 lie at most 5 of the 13 budgets
    assert np.mean(near) > 0.75
    assert len(budgets) >= 12


def bracket(specs, errors):
    """Return how wide the gap is, as a factor, between budgets whose signs are told by 3 errors."""
    from ensemble_switchover.sweep.winner_certainty import certainties

    (differences,) = _differences(specs, errors).values()
    found = certainties(sorted(differences), differences)
    sure = {b: np.mean(differences[b]) for b in differences if found[b] > 3}
    single = max((b for b, mean in sure.items() if mean > 0), default=40_000)
    ensemble = min((b for b, mean in sure.items() if mean < 0), default=4_000_000)
    return ensemble / single


def test_the_gap_is_narrower_than_after_as_many_runs_spread_evenly(specs):
    by_rule, evenly = [], []
    for number in range(20):
        generator = np.random.default_rng(number)
        switchover = math.exp(generator.uniform(math.log(100_000), math.log(1_600_000)))
        error = planted(switchover, 0.5, generator)
        errors, _ = simulate(specs, error, 52)
        by_rule.append(bracket(specs, errors))
        plain = [spec for spec in specs if spec.seed < 2][: len(errors)]
        evenly.append(bracket(specs, {spec.name: error(spec) for spec in plain}))
    assert np.median(by_rule) < np.median(evenly)


def test_all_is_made_if_there_is_time_and_nothing_twice(specs):
    _, blocks = simulate(specs, planted(300_000, 0.5, np.random.default_rng(1)), 10**6)
    made = [spec.name for block in blocks for spec in block.specs]
    assert len(made) == len(set(made)) == len(specs)


def test_a_failed_run_is_not_asked_for_again(specs):
    first = first_block(specs)
    errors = {spec.name: 10.0 + spec.design.k for spec in first.specs}
    block = next_block(specs, errors, errors)
    attempted = {*errors, *(spec.name for spec in block.specs)}
    following = next_block(specs, errors, attempted)
    assert not {spec.name for spec in following.specs} & attempted


def test_the_reason_says_where_and_how_certain(specs):
    errors = {spec.name: 10.0 + spec.design.k for spec in first_block(specs).specs}
    assert "deq k=4 at " in next_block(specs, errors, errors).reason
    assert "standard errors from even" in next_block(specs, errors, errors).reason
