"""Time goes to what settles most: on planted errors, without any training."""

import math
from statistics import fmean

import numpy as np
import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.sweep.next_runs import (
    FinishedRuns,
    budgets_of,
    count_open,
    design_of,
    first_block,
    next_blocks,
    unbounded,
)


def resolved(*overrides):
    configs = (c for _, part in compose_overrides(list(overrides)) for c in part)
    return resolve_study(configs).specs


@pytest.fixture(scope="module")
def specs():
    return resolved("sweep=own", "dataset=digits", "design=single,deq", "seed=0,1,2,3,4,5")


def planted(switchover, deviation, generator):
    """Return test errors of which deq beats the single network beyond a budget."""

    def error(spec):
        single = 30 - 2 * math.log2(spec.budget.parameters / 50_000)
        if spec.design.k == 1:
            return single + generator.normal(0, deviation)
        gain = 1.5 * math.log2(spec.budget.parameters / switchover)
        return single - gain + generator.normal(0, deviation)

    return error


def finished(specs, errors, seconds=None):
    return FinishedRuns(errors, {s.name: seconds(s) if seconds else 1.0 for s in specs})


def simulate(specs, error, num_runs=10**6):
    """Make runs by the rule until so many are made; return their errors and the blocks."""
    block = first_block(specs)
    blocks, errors = [], {}
    while block is not None and len(errors) + len(block.specs) <= num_runs:
        blocks.append(block)
        errors |= {spec.name: error(spec) for spec in block.specs}
        block = next(iter(next_blocks(specs, finished(specs, errors), errors)), None)
    return errors, blocks


def test_it_begins_with_the_ends_and_one_between_and_three_seeds(specs):
    block = first_block(specs)
    budgets = budgets_of(specs)
    chosen = budgets_of(block.specs)
    assert len(chosen) == 3
    assert {chosen[0], chosen[-1]} == {budgets[0], budgets[-1]}
    assert {spec.seed for spec in block.specs} == {0, 1, 2}
    assert len(block.specs) == 3 * 3 * 2


def test_it_begins_where_there_are_ensembles(specs):
    budgets = budgets_of(specs)
    fewer = [spec for spec in specs if spec.design.k == 1 or spec.budget.parameters > budgets[1]]
    chosen = budgets_of(first_block(fewer).specs)
    assert (chosen[0], chosen[-1]) == (budgets[2], budgets[-1])


def test_own_begins_where_deq_does():
    specs = resolved("sweep=own", "dataset=cifar10")
    smallest = min(specs, key=lambda spec: spec.budget.parameters).budget
    at_it = {s.design.design_class.value for s in specs if s.budget == smallest}
    assert at_it == {"single", "deq", "weq"}
    assert (smallest.depth, smallest.width) == (26, 3)


def test_ensembles_are_compared_with_single_networks_of_their_own_setting():
    """Else those of one difficulty would be set against the single networks of another."""
    overrides = ["sweep=fractals", "design=single,deq", "k=2", "dataset.difficulty=0.3,0.7"]
    specs = resolved(*overrides, "seed=0,1,2", "budget.network=20x8,20x16")
    errors = {
        spec.name: 100 * spec.dataset.difficulty + 0.1 * spec.seed + (spec.design.k > 1)
        for spec in specs
    }
    assert count_open(specs, finished(specs, errors)) == 0


def test_runs_gather_around_the_planted_switchover_and_settle_it(specs):
    near, made, settled = [], [], []
    for number in range(10):
        generator = np.random.default_rng(number)
        switchover = math.exp(generator.uniform(math.log(100_000), math.log(1_600_000)))
        errors, blocks = simulate(specs, planted(switchover, 0.15, generator))
        later = [block.specs[0].budget.parameters for block in blocks[1:]]
        near += [abs(math.log2(parameters / switchover)) < 1.1 for parameters in later]
        made.append(len(errors))
        settled.append(count_open(specs, finished(specs, errors)) == 0)
    # within a factor of about 2 lie at most 5 of the 16 budgets
    assert np.mean(near) > 0.6
    assert fmean(made) < len(specs) / 3
    assert np.mean(settled) >= 0.5


def test_it_ends_when_everything_is_settled(specs):
    budgets = budgets_of(specs)
    errors = {}
    for spec in first_block(specs).specs:
        worse = spec.budget.parameters == budgets[0]
        errors[spec.name] = 10.0 + 0.1 * spec.seed + (5.0 if worse else -5.0) * (spec.design.k > 1)
    middle = budgets_of(first_block(specs).specs)[1]
    kept = [s for s in specs if s.budget.parameters in (budgets[0], middle, budgets[-1])]
    assert next_blocks(kept, finished(kept, errors), errors) == []
    assert next_blocks(specs, finished(specs, errors), errors) != []


def test_single_networks_are_bought_alone_where_they_vary(specs):
    budgets = budgets_of(specs)[-2:]
    kept = [spec for spec in specs if spec.budget.parameters in budgets]
    spread = (0.0, 2.0, -2.0)
    errors = {
        s.name: 10.0 + spread[s.seed] * (s.design.k == 1) + 0.1 * s.seed - 1.5 * (s.design.k > 1)
        for s in kept
        if s.seed < 3
    }
    best = next_blocks(kept, finished(kept, errors), errors)[0]
    assert {spec.design.k for spec in best.specs} == {1}
    assert min(spec.seed for spec in best.specs) == 3


def test_what_is_dear_is_bought_later(specs):
    errors = {spec.name: 10.0 + 0.5 * spec.seed for spec in first_block(specs).specs}
    largest = budgets_of(specs)[-1]

    def seconds(spec):
        return 1e6 if spec.budget.parameters == largest else 1.0

    best = next_blocks(specs, finished(specs, errors, seconds), errors)[0]
    assert largest not in budgets_of(best.specs)


def test_nothing_is_made_twice_and_a_failed_run_is_not_asked_for_again(specs):
    generator = np.random.default_rng(1)
    _, blocks = simulate(specs, planted(300_000, 2.0, generator))
    made = [spec.name for block in blocks for spec in block.specs]
    assert len(made) == len(set(made))
    errors = {spec.name: 10.0 + spec.seed for spec in first_block(specs).specs}
    block = next_blocks(specs, finished(specs, errors), errors)[0]
    attempted = {*errors, *(spec.name for spec in block.specs)}
    for following in next_blocks(specs, finished(specs, errors), attempted):
        assert not {spec.name for spec in following.specs} & attempted


def test_a_collapsed_run_does_not_count(specs):
    budgets = budgets_of(specs)[-2:]
    kept = [spec for spec in specs if spec.budget.parameters in budgets]
    smallest = budgets[0]
    errors = {}
    for spec in kept:
        if spec.seed < 5:
            sign = 1 if spec.budget.parameters == smallest else -1
            errors[spec.name] = 10.0 + 0.1 * spec.seed + 3.0 * sign * (spec.design.k > 1)
    assert count_open(kept, finished(kept, errors)) == 0
    victim = next(s for s in kept if s.design.k == 1 and s.seed == 4)
    assert count_open(kept, finished(kept, errors | {victim.name: 90.0})) == 0


def test_an_ensemble_that_is_better_everywhere_is_not_bounded(specs):
    kept = [s for s in specs if s.budget.parameters in budgets_of(specs)[:2] and s.seed < 3]
    errors = {s.name: 10.0 + 0.1 * s.seed - 3.0 * (s.design.k > 1) for s in kept}
    (found,) = unbounded(kept, finished(kept, errors))
    assert found.budget.parameters == budgets_of(specs)[0]
    assert found.label == "deq k=4"
    worse = errors | {s.name: 20.0 + 0.1 * s.seed for s in kept if design_of(s) == found}
    assert unbounded(kept, finished(kept, worse)) == []


def test_without_ensembles_the_runs_come_in_the_order_of_their_seeds(specs):
    singles = [spec for spec in specs if spec.design.k == 1]
    errors, blocks = simulate(singles, lambda spec: 10.0)
    assert len(errors) == len(singles)
    seeds = [block.specs[0].seed for block in blocks[1:]]
    assert seeds == sorted(seeds)


def test_the_reason_says_what_is_bought_and_what_it_decides(specs):
    errors = {
        spec.name: 10.0 + 0.3 * spec.seed - 0.7 * (spec.design.k > 1)
        for spec in first_block(specs).specs
    }
    reason = next_blocks(specs, finished(specs, errors), errors)[0].reason
    assert " parameters; probability to decide: deq k=4 " in reason
    assert reason[0].isdigit()
