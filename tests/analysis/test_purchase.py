"""Purchases against simulated seeds, and what is bought first."""

import numpy as np
import pytest

from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.open_cells import OpenCell, find_open_cells
from ensemble_switchover.analysis.purchase import (
    choose_different,
    decision_probabilities,
    find_purchases,
)
from ensemble_switchover.analysis.standing import Question, Replicates
from tests.analysis.test_open_cells import BETTER, DEQ, FAR, SINGLES, WORSE, study

OPEN = [9.2, 10.1, 9.5]


def cell(difference, variances, *, prior_variance=0.0, is_tried=True):
    return OpenCell(
        question=0,
        budget=1000,
        single="single",
        ensemble="deq",
        is_tried=is_tried,
        companions=(),
        difference=difference,
        prior_variance=prior_variance,
        variances=variances,
        settles_if_single=1,
        settles_if_ensemble=1,
    )


def simulated(found, num_runs, num_more, *, prior=None, repeats=1500):
    """Return how often new seeds show either design better, given the means of the old ones.

    The true difference is drawn from what the old seeds leave of it, the new seeds around it. All
    seeds are scaled to the planned variance, as the closed form takes it for known.
    """
    generator = np.random.default_rng(0)
    deviations = np.sqrt(found.variances)
    wins = np.zeros(2)
    for _ in range(repeats):
        if prior is None:
            spread = np.sqrt(sum(v / n for v, n in zip(found.variances, num_runs, strict=True)))
        else:
            spread = np.sqrt(prior)
        shift = generator.normal(found.difference, spread)
        means = []
        for side, deviation in enumerate(deviations):
            old, new = num_runs[side], num_more[side]
            true = shift * side
            sampled = generator.normal(true, deviation / np.sqrt(new)) if new else 0.0
            if prior is None:
                # the old mean, of which the difference is known and the sum is not
                share = found.variances[side] / old
                weight = share / sum(v / n for v, n in zip(found.variances, num_runs, strict=True))
                kept = true + (1 if side else -1) * weight * (found.difference - shift)
                means.append((old * kept + new * sampled) / (old + new))
            else:
                means.append(sampled)
        samples = [
            {s: mean + deviation * v for s, v in enumerate(standard(old + new))}
            for mean, deviation, old, new in zip(means, deviations, num_runs, num_more, strict=True)
        ]
        interval = difference_interval(samples[1], samples[0])
        wins += (interval.lower > 0, interval.upper < 0)
    return wins / repeats


def standard(number):
    """Return values of mean 0 and sample variance 1."""
    values = np.arange(number) - (number - 1) / 2
    return values / values.std(ddof=1)


@pytest.mark.parametrize(
    ("difference", "num_runs", "num_more"),
    [(-0.6, (3, 3), (3, 0)), (-0.6, (3, 5), (0, 4)), (0.1, (4, 4), (4, 4)), (0.9, (3, 3), (1, 1))],
)
def test_the_closed_form_agrees_with_simulated_seeds(difference, num_runs, num_more):
    found = cell(difference, (0.81, 0.3))
    expected = simulated(found, num_runs, num_more)
    assert decision_probabilities(found, num_runs, num_more) == pytest.approx(expected, abs=0.035)


def test_the_closed_form_agrees_at_a_budget_without_runs():
    found = cell(-0.8, (0.81, 0.3), prior_variance=1.5, is_tried=False)
    expected = simulated(found, (0, 0), (4, 3), prior=1.5)
    assert decision_probabilities(found, (0, 0), (4, 3)) == pytest.approx(expected, abs=0.035)


def test_fewer_than_three_seeds_of_a_design_decide_nothing():
    found = cell(-9.0, (0.1, 0.1))
    assert decision_probabilities(found, (3, 1), (5, 1)) == (0.0, 0.0)
    assert decision_probabilities(found, (3, 1), (5, 2))[1] > 0.99
    assert decision_probabilities(found, (3, 3), (0, 0)) == (0.0, 0.0)


def test_the_margin_moves_what_is_decided():
    found = cell(-1.0, (0.2, 0.2))
    with_margin = decision_probabilities(found, (3, 3), (4, 4), DecisionRule(margin=2.0))
    assert with_margin[0] == pytest.approx(decision_probabilities(found, (3, 3), (4, 4))[1])


def test_nothing_is_bought_where_nothing_is_open():
    assert find_purchases([], {}) == []


def test_single_networks_are_bought_where_they_carry_the_variance_and_serve_two_classes():
    noisy = [8.6, 11.0, 10.2]
    single = [FAR, noisy, FAR, FAR]
    both = [WORSE, OPEN, BETTER, BETTER]
    questions, designs = study(single, both, weq=both)
    best = find_purchases(find_open_cells(questions, designs), designs)[0]
    assert [design for design, _ in best.amounts] == [("single", 2000)]
    assert {decision.cell.question for decision in best.decisions} == {0, 1}
    assert best.seconds == best.amounts[0][1]


def test_the_ensemble_is_bought_where_it_is_what_varies():
    questions, designs = study([FAR] * 4, [WORSE, [8.0, 10.9, 9.3], BETTER, BETTER])
    best = find_purchases(find_open_cells(questions, designs), designs)[0]
    assert [design for design, _ in best.amounts] == [("deq", 2000)]


def test_dear_runs_are_bought_less():
    questions, designs = study([FAR] * 4, [WORSE, OPEN, BETTER, BETTER])
    dear = designs | {("deq", 2000): Replicates(designs["deq", 2000].errors, 1000.0)}
    best = find_purchases(find_open_cells(questions, dear), dear)[0]
    assert [design for design, _ in best.amounts] == [("single", 2000)]


def test_a_new_budget_is_bought_with_three_seeds_of_each_design():
    questions, designs = study([FAR, [], FAR, FAR], [WORSE, [], BETTER, BETTER])
    purchases = find_purchases(find_open_cells(questions, designs), designs)
    assert purchases[0].amounts == ((("deq", 2000), 3), (("single", 2000), 3))
    assert len(purchases) == 1


def test_no_more_is_bought_than_is_left():
    questions, designs = study([FAR] * 4, [WORSE, OPEN, BETTER, BETTER])
    scarce = {key: Replicates(runs.errors, 1.0, 1) for key, runs in designs.items()}
    cells = find_open_cells(questions, scarce)
    assert all(n == 1 for purchase in find_purchases(cells, scarce) for _, n in purchase.amounts)
    none = {key: Replicates(runs.errors, 1.0, 0) for key, runs in designs.items()}
    assert find_purchases(cells, none) == []


def test_what_settles_more_budgets_is_bought_first():
    questions = [Question((1000, 2000, 4000, 8000), SINGLES, DEQ)]
    _, designs = study([FAR] * 4, [OPEN, OPEN, OPEN, BETTER])
    cells = find_open_cells(questions, designs)
    assert [c.settles_if_single for c in cells] == [1, 2, 3]
    assert [c.settles_if_ensemble for c in cells] == [1, 1, 1]
    best = find_purchases(cells, designs)[0]
    assert {decision.cell.budget for decision in best.decisions} == {4000}


def test_each_chosen_purchase_decides_something_that_the_others_do_not():
    both = [WORSE, OPEN, OPEN, BETTER]
    questions, designs = study([FAR] * 4, both, weq=both)
    purchases = find_purchases(find_open_cells(questions, designs), designs)
    chosen = choose_different(purchases, 3)
    assert chosen[0] == purchases[0]
    seen = set()
    for purchase in chosen:
        named = {(d.cell.question, d.cell.budget) for d in purchase.decisions}
        assert named - seen
        seen |= named
    assert choose_different(purchases, 1) == purchases[:1]


def test_by_ranks_too_few_runs_decide_nothing():
    far = cell(-9.0, (1.0, 1.0))
    rule = DecisionRule("mann_whitney", 0.99)
    assert decision_probabilities(far, (4, 4), (1, 0), rule) == (0.0, 0.0)
    assert decision_probabilities(far, (4, 4), (1, 1), rule)[1] > 0.99
