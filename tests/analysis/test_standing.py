"""What keeps a switchover open, case by case."""

import numpy as np
import pytest

from ensemble_switchover.analysis.standing import (
    Question,
    Replicates,
    Winner,
    judge_columns,
    standing_of,
)
from ensemble_switchover.analysis.switchover.threshold import find_boundary, first_column

S, E, U = Winner.SINGLE, Winner.ENSEMBLE, Winner.UNDECIDED
UNTRIED, IMPOSSIBLE = Winner.UNTRIED, Winner.IMPOSSIBLE


@pytest.mark.parametrize(
    ("winners", "ruled_out", "beyond", "open_columns"),
    [
        ([S, E], 0, 1, ()),
        ([S, S], 1, 2, ()),
        ([S, U, E], 0, 2, (1,)),
        ([U, S, U, E], 1, 3, (2,)),
        ([S, E, U], 0, 3, (2,)),
        ([S, E, S], 2, 3, ()),
        ([E, E], -1, 0, ()),
        ([UNTRIED, E], -1, 1, (0,)),
        ([S, UNTRIED, UNTRIED, E, UNTRIED, E], 0, 3, (1, 2)),
        ([S, UNTRIED, U, UNTRIED, E], 0, 4, (1, 2)),
        ([S, UNTRIED, UNTRIED], 0, 3, (1, 2)),
        ([IMPOSSIBLE, IMPOSSIBLE, E], 1, 2, ()),
        ([IMPOSSIBLE, UNTRIED, E], 0, 2, (1,)),
        ([E, IMPOSSIBLE, E], -1, 2, ()),
        ([UNTRIED, UNTRIED], -1, 2, (0, 1)),
    ],
)
def test_what_is_ruled_out_what_is_beyond_and_what_is_open(
    winners, ruled_out, beyond, open_columns
):
    found = judge_columns(winners)
    assert (found.ruled_out, found.beyond, found.open_columns) == (ruled_out, beyond, open_columns)


def test_it_agrees_with_the_switchover_of_a_report():
    generator = np.random.default_rng(0)
    for _ in range(200):
        winners = generator.choice([S, E, U], size=6).tolist()
        found = judge_columns(winners)
        budgets = [2**column for column in range(6)]
        for verdicts, column in (({E}, found.beyond), ({E, U}, found.ruled_out + 1)):
            wins = np.array([[winner in verdicts] for winner in winners])
            first = first_column(find_boundary(budgets, wins))
            assert column == (6 if first is None else first)


def test_a_budget_with_runs_of_one_design_alone_is_undecided_and_one_with_none_untried():
    some = Replicates({0: 5.0, 1: 6.0, 2: 5.5}, 1.0)
    better = Replicates({0: 1.0, 1: 1.2, 2: 1.1}, 1.0)
    none = Replicates({}, 1.0)
    designs = {"s0": some, "s1": some, "s2": some, "e0": none, "e1": better, "s3": none, "e3": none}
    question = Question((1, 2, 3), ("s0", "s3", "s1"), ("e0", "e3", "e1"))
    found = standing_of(question, designs)
    assert found.open_columns == (0,)
    assert found.undecided == {0}
    assert found.beyond == 2
