"""What planning takes for known of the budgets that are open."""

from statistics import variance

import pytest

from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.open_cells import UNKNOWN_DEVIATION, find_open_cells
from ensemble_switchover.analysis.standing import Question, Replicates

BUDGETS = (1000, 2000, 4000, 8000)
SINGLES, DEQ, WEQ = (
    tuple((name, budget) for budget in BUDGETS) for name in ("single", "deq", "weq")
)


def study(single, deq, weq=None):
    """Return questions and designs from the errors at each budget."""
    errors = {"single": single, "deq": deq, **({"weq": weq} if weq else {})}
    designs = {
        (name, budget): Replicates(dict(enumerate(values)), 1.0)
        for name, column in errors.items()
        for budget, values in zip(BUDGETS, column, strict=True)
    }
    questions = [Question(BUDGETS, SINGLES, DEQ)]
    if weq:
        questions.append(Question(BUDGETS, SINGLES, WEQ))
    return questions, designs


FAR = [10.0, 10.4, 9.7]
NEAR = [9.0, 10.9, 10.2]
BETTER = [5.0, 5.2, 4.7]
WORSE = [15.0, 15.5, 14.8]


def test_nothing_is_open_where_every_budget_is_ruled_out_or_beyond():
    assert find_open_cells(*study([FAR] * 4, [WORSE, WORSE, BETTER, BETTER])) == []
    assert find_open_cells(*study([FAR] * 4, [WORSE] * 4)) == []


def test_an_undecided_cell_is_open_with_its_own_difference_and_variances():
    (cell,) = find_open_cells(*study([FAR] * 4, [WORSE, NEAR, BETTER, BETTER]))
    assert (cell.budget, cell.single, cell.ensemble) == (2000, ("single", 2000), ("deq", 2000))
    assert cell.difference == pytest.approx(sum(NEAR) / 3 - sum(FAR) / 3)
    assert cell.variances == pytest.approx((variance(FAR), variance(NEAR)))
    assert (cell.settles_if_single, cell.settles_if_ensemble) == (1, 1)


def test_the_variance_of_too_few_runs_is_pooled_over_the_budgets_of_the_class():
    (cell,) = find_open_cells(*study([FAR] * 4, [WORSE, NEAR[:2], BETTER, BETTER]))
    squares = 2 * variance(WORSE) + 4 * variance(BETTER) + variance(NEAR[:2])
    assert cell.variances[1] == pytest.approx(squares / 7)
    assert cell.variances[0] == pytest.approx(variance(FAR))


def test_between_budgets_with_runs_the_difference_is_read_off_a_line():
    first, second = find_open_cells(*study([FAR, [], [], FAR], [WORSE, [], [], BETTER]))
    low, high = (sum(values) / 3 - sum(FAR) / 3 for values in (WORSE, BETTER))
    assert first.difference == pytest.approx(low + (high - low) / 3)
    assert second.difference == pytest.approx(low + 2 * (high - low) / 3)
    assert first.prior_variance == pytest.approx(((high - low) / 2) ** 2, rel=0.05)
    assert (first.settles_if_single, first.settles_if_ensemble) == (1, 2)
    assert (second.settles_if_single, second.settles_if_ensemble) == (2, 1)


def test_below_the_smallest_budget_with_runs_the_difference_is_carried_and_trusted_little():
    (cell,) = find_open_cells(*study([[], FAR, FAR, FAR], [[], [9.0, 9.2, 8.9], BETTER, BETTER]))
    nearest = sum([9.0, 9.2, 8.9]) / 3 - sum(FAR) / 3
    assert cell.difference == pytest.approx(nearest)
    assert cell.prior_variance == pytest.approx(nearest**2, rel=0.1)
    assert cell.prior_variance > nearest**2


def test_without_any_runs_nothing_is_known():
    cells = find_open_cells(*study([[]] * 4, [[]] * 4))
    assert {cell.difference for cell in cells} == {0.0}
    assert {cell.variances for cell in cells} == {(UNKNOWN_DEVIATION**2,) * 2}


def test_a_new_budget_comes_with_every_class_for_which_it_is_not_ruled_out():
    single = [FAR, [], FAR, FAR]
    deq = [WORSE, [], BETTER, BETTER]
    (cell,) = find_open_cells(*study(single, deq, weq=[WORSE, [], WORSE, BETTER]))
    assert cell.companions == (("deq", 2000),)
    cells = find_open_cells(*study(single, deq, weq=[BETTER, [], BETTER, BETTER]))
    assert [cell.companions for cell in cells] == [(("deq", 2000), ("weq", 2000))]


def test_the_rule_decides():
    questions, designs = study([FAR] * 4, [WORSE, [9.0, 9.1, 8.8], BETTER, BETTER])
    assert find_open_cells(questions, designs) == []
    assert len(find_open_cells(questions, designs, DecisionRule(confidence=0.999))) == 1
    assert len(find_open_cells(questions, designs, DecisionRule(margin=1.0))) == 1
