"""Time goes to where the winner is least certain: on planted errors, without any training."""

import math

import numpy as np
import pytest

from ensemble_switchover.config.compose import compose_words
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.sweep.next_runs import _differences, budgets_of, first_block, next_block


@pytest.fixture(scope="module")
def cells():
    words = ["sweep=own", "dataset=digits", "design=single,deq"]
    return resolve_study(c for _, part in compose_words(words) for c in part).cells


def planted(switchover, deviation, generator):
    """Return test errors of which deq beats the single network beyond a budget."""

    def error(cell):
        single = 30 - 2 * math.log2(cell.budget.parameters / 50_000)
        if cell.design.k == 1:
            return single + generator.normal(0, deviation)
        gain = 1.5 * math.log2(cell.budget.parameters / switchover)
        return single - gain + generator.normal(0, deviation)

    return error


def simulate(cells, error, num_runs):
    """Make runs by the rule until so many are made; return their errors and the blocks."""
    block = first_block(cells)
    blocks, errors = [block], {cell.name: error(cell) for cell in block.cells}
    while (block := next_block(cells, errors, errors)) is not None:
        if len(errors) + len(block.cells) > num_runs:
            break
        blocks.append(block)
        errors |= {cell.name: error(cell) for cell in block.cells}
    return errors, blocks


def test_it_begins_with_the_ends_and_some_between_and_two_seeds(cells):
    block = first_block(cells)
    budgets = budgets_of(cells)
    chosen = budgets_of(block.cells)
    assert len(chosen) == 4
    assert {chosen[0], chosen[-1]} == {budgets[0], budgets[-1]}
    assert {cell.seed for cell in block.cells} == {0, 1}
    assert len(block.cells) == 4 * 2 * 2


def test_it_begins_where_there_are_ensembles(cells):
    budgets = budgets_of(cells)
    fewer = [cell for cell in cells if cell.design.k == 1 or cell.budget.parameters > budgets[1]]
    chosen = budgets_of(first_block(fewer).cells)
    assert (chosen[0], chosen[-1]) == (budgets[2], budgets[-1])


def test_ensembles_are_compared_with_single_networks_of_their_own_setting():
    """Else those of one difficulty would be set against the single networks of another."""
    words = ["sweep=fractals", "design=single,deq", "k=2", "dataset.difficulty=0.3,0.7"]
    words += ["seed=0,1", "budget.network=20x8,20x16"]
    cells = resolve_study(c for _, part in compose_words(words) for c in part).cells
    errors = {cell.name: 100 * cell.dataset.difficulty for cell in cells}
    found = _differences(cells, errors)
    assert len(found) == 2
    assert {difference for each in found.values() for d in each.values() for difference in d} == {0}
    assert all(len(d) == 2 for each in found.values() for d in each.values())


def test_runs_gather_around_the_planted_switchover(cells):
    budgets = budgets_of(cells)
    near = []
    for number in range(20):
        generator = np.random.default_rng(number)
        switchover = math.exp(generator.uniform(math.log(100_000), math.log(1_600_000)))
        _, blocks = simulate(cells, planted(switchover, 0.5, generator), 40)
        later = [block.cells[0].budget.parameters for block in blocks[1:]]
        near += [abs(math.log2(parameters / switchover)) < 1.1 for parameters in later]
    # within a factor of about 2 lie at most 5 of the 13 budgets
    assert np.mean(near) > 0.75
    assert len(budgets) >= 12


def bracket(cells, errors):
    """Return how wide the gap is, as a factor, between budgets whose signs are told by 3 errors."""
    from ensemble_switchover.analysis.switchover.certainty import certainties

    (differences,) = _differences(cells, errors).values()
    found = certainties(sorted(differences), differences)
    sure = {b: np.mean(differences[b]) for b in differences if found[b] > 3}
    single = max((b for b, mean in sure.items() if mean > 0), default=40_000)
    ensemble = min((b for b, mean in sure.items() if mean < 0), default=4_000_000)
    return ensemble / single


def test_the_gap_is_narrower_than_after_as_many_runs_spread_evenly(cells):
    by_rule, evenly = [], []
    for number in range(20):
        generator = np.random.default_rng(number)
        switchover = math.exp(generator.uniform(math.log(100_000), math.log(1_600_000)))
        error = planted(switchover, 0.5, generator)
        errors, _ = simulate(cells, error, 52)
        by_rule.append(bracket(cells, errors))
        plain = [cell for cell in cells if cell.seed < 2][: len(errors)]
        evenly.append(bracket(cells, {cell.name: error(cell) for cell in plain}))
    assert np.median(by_rule) < np.median(evenly)


def test_all_is_made_if_there_is_time_and_nothing_twice(cells):
    _, blocks = simulate(cells, planted(300_000, 0.5, np.random.default_rng(1)), 10**6)
    made = [cell.name for block in blocks for cell in block.cells]
    assert len(made) == len(set(made)) == len(cells)


def test_a_failed_run_is_not_asked_for_again(cells):
    first = first_block(cells)
    errors = {cell.name: 10.0 + cell.design.k for cell in first.cells}
    block = next_block(cells, errors, errors)
    attempted = {*errors, *(cell.name for cell in block.cells)}
    following = next_block(cells, errors, attempted)
    assert not {cell.name for cell in following.cells} & attempted


def test_the_reason_says_where_and_how_certain(cells):
    errors = {cell.name: 10.0 + cell.design.k for cell in first_block(cells).cells}
    assert "deq k=4 at " in next_block(cells, errors, errors).reason
    assert "standard errors from even" in next_block(cells, errors, errors).reason
