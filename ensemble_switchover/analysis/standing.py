"""How far it is settled where an ensemble class switches over.

A *question* is where one ensemble class switches over after the last epoch. It is settled once
every budget is either ruled out or beyond the switchover. What is not yet is *open*: a budget whose
cell is undecided, or one without runs between the largest budget ruled out and the smallest with
runs that is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.switchover.verdict import judge_interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule

DesignT = TypeVar("DesignT", bound="Hashable")
"""Whatever tells one design at one budget from the others."""


class Winner(Enum):
    """Which design is better at a budget, as far as it is known."""

    SINGLE = "single"
    ENSEMBLE = "ensemble"
    UNDECIDED = "undecided"
    UNTRIED = "untried"
    """Neither design has runs."""
    IMPOSSIBLE = "impossible"
    """No such ensemble exists."""


@dataclass(frozen=True, slots=True)
class Replicates:
    """The runs of one design at one budget that there are, and those that could be made."""

    errors: Mapping[int, float]
    """Seed -> error in percent after the last epoch, without collapsed runs; or the loss of another
    metric that is compared."""
    seconds: float
    """Predicted seconds of one further run."""
    num_left: int = 1000
    """Number of further runs that could be made."""


@dataclass(frozen=True, slots=True)
class Question(Generic[DesignT]):
    """Where an ensemble class switches over: its budgets, with and without runs, and designs."""

    budgets: tuple[int, ...]
    """Trainable parameters, ascending."""
    singles: tuple[DesignT, ...]
    """The single network of each budget."""
    ensembles: tuple[DesignT | None, ...]
    """The ensemble at each budget; None where no such design exists."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a question is settled; columns are indices of its budgets."""

    ruled_out: int
    """The largest column that is ruled out; -1 if none is."""
    beyond: int
    """The smallest column beyond the switchover; the number of columns if none is."""
    open_columns: tuple[int, ...]
    """The columns that keep it open, ascending."""
    undecided: frozenset[int]
    """Those of them with runs."""


def judge_columns(winners: Sequence[Winner]) -> Standing:
    """Tell from the winner at every budget, ascending, how far a question is settled.

    Budgets below which the ensemble's design does not exist are ruled out.

    >>> single, ensemble, untried = Winner.SINGLE, Winner.ENSEMBLE, Winner.UNTRIED
    >>> judge_columns([single, untried, untried, ensemble, untried, ensemble]).open_columns
    (1, 2)
    >>> judge_columns([single, ensemble, ensemble]).open_columns
    ()
    """
    columns = range(len(winners))
    ruled_out = max((c for c in columns if winners[c] is Winner.SINGLE), default=-1)
    while ruled_out + 1 < len(winners) and winners[ruled_out + 1] is Winner.IMPOSSIBLE:
        ruled_out += 1
    left = [c for c in columns if c > ruled_out and winners[c] is not Winner.UNTRIED]
    beyond = len(winners)
    for column in reversed(left):
        if winners[column] is not Winner.ENSEMBLE:
            break
        beyond = column
    nearest = left[0] if left else len(winners)
    undecided = frozenset(c for c in left if winners[c] is Winner.UNDECIDED)
    between = [c for c in range(ruled_out + 1, nearest) if winners[c] is Winner.UNTRIED]
    return Standing(ruled_out, beyond, tuple(sorted([*undecided, *between])), undecided)


def standing_of(
    question: Question[DesignT],
    designs: Mapping[DesignT, Replicates],
    rule: DecisionRule = DEFAULT_RULE,
) -> Standing:
    """Tell how far a question is settled; the arguments are those of `find_open_cells`."""
    columns = range(len(question.budgets))
    return judge_columns([_winner(question, column, designs, rule) for column in columns])


def _winner(
    question: Question[DesignT],
    column: int,
    designs: Mapping[DesignT, Replicates],
    rule: DecisionRule,
) -> Winner:
    design = question.ensembles[column]
    if design is None:
        return Winner.IMPOSSIBLE
    ensemble, single = designs[design].errors, designs[question.singles[column]].errors
    if not ensemble and not single:
        return Winner.UNTRIED
    if not ensemble or not single:
        return Winner.UNDECIDED
    verdict = judge_interval(difference_interval(ensemble, single, rule), rule.margin)
    return Winner(verdict.value)
