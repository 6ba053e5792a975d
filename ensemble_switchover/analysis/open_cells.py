"""The budgets that keep it open where ensembles switch over, as far as planning needs them.

`analysis.standing` says which these are, and `analysis.purchase` which further runs decide them.

Where a design has fewer than `MIN_SEEDS` runs, its variance is pooled over the budgets of its
class. At a budget without runs the difference is read off a line through its neighbours' over the
logarithm of the parameters, with half their gap as its standard deviation. Beyond the smallest and
the largest budget with runs it is that of the nearest one, with its own size as its standard
deviation: trends over budgets forecast no better than that (docs/statistics.md). All of this is for
planning only: no verdict uses it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, variance
from typing import TYPE_CHECKING, Generic

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, MIN_SEEDS
from ensemble_switchover.analysis.standing import DesignT, standing_of
from ensemble_switchover.results.quality_metrics import PERCENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.standing import Question, Replicates, Standing
    from ensemble_switchover.results.quality_metrics import QualityUnit

UNKNOWN_DEVIATION = PERCENT.unknown_deviation
"""Standard deviation over seeds in percentage points where no design has two runs."""


@dataclass(frozen=True, slots=True)
class OpenCell(Generic[DesignT]):
    """A budget that keeps a question from being settled."""

    question: int
    """Index of the question."""
    budget: int
    """Trainable parameters."""
    single: DesignT
    ensemble: DesignT
    is_tried: bool
    """Whether both designs have runs."""
    companions: tuple[DesignT, ...]
    """The ensembles to be run with the single network if it has no runs: those for which this
    budget is not ruled out, since a budget at which their runs are missing would be open."""
    difference: float
    """Expected difference of the errors, ensemble minus single, in percentage points; where another
    metric is compared, of its losses in its unit."""
    prior_variance: float
    """Variance of the expected difference at a budget without runs; 0 at one with runs."""
    variances: tuple[float, float]
    """Variances over seeds of the single network's and the ensemble's error."""
    settles_if_single: int
    """Number of open budgets that are settled if the single network is shown to be better."""
    settles_if_ensemble: int
    """The same if the ensemble is."""


def find_open_cells(
    questions: Sequence[Question[DesignT]],
    designs: Mapping[DesignT, Replicates],
    rule: DecisionRule = DEFAULT_RULE,
) -> list[OpenCell[DesignT]]:
    """List the cells that keep the questions from being settled; none if all are settled.

    Args:
        questions: What is asked.
        designs: The runs of every design that the questions name.
        rule: How cells are decided.
    """
    standings = [standing_of(question, designs, rule) for question in questions]
    companions: defaultdict[DesignT, list[DesignT]] = defaultdict(list)
    for question, standing in zip(questions, standings, strict=True):
        for column in range(standing.ruled_out + 1, len(question.budgets)):
            ensemble = question.ensembles[column]
            if ensemble is not None:
                companions[question.singles[column]].append(ensemble)
    return [
        cell
        for number, (question, standing) in enumerate(zip(questions, standings, strict=True))
        for cell in _open_cells(number, question, standing, designs, companions, rule.quality.unit)
    ]


def _open_cells(
    number: int,
    question: Question[DesignT],
    standing: Standing,
    designs: Mapping[DesignT, Replicates],
    companions: Mapping[DesignT, Sequence[DesignT]],
    unit: QualityUnit,
) -> list[OpenCell[DesignT]]:
    """List the open cells of one question."""
    spread = (_pooled(question.singles, designs, unit), _pooled(question.ensembles, designs, unit))
    measured = _measured(question, designs, spread, unit)
    cells = []
    for column in standing.open_columns:
        single, ensemble = question.singles[column], question.ensembles[column]
        assert ensemble is not None  # an impossible column is not open
        difference, prior = _expected(question.budgets, column, measured, unit)
        settled = 1
        if not any(other > column for other in standing.undecided):
            settled = sum(column <= other < standing.beyond for other in standing.open_columns)
        is_new = not designs[single].errors
        cells.append(
            OpenCell(
                question=number,
                budget=question.budgets[column],
                single=single,
                ensemble=ensemble,
                companions=tuple(companions[single]) if is_new else (),
                is_tried=column in measured,
                difference=difference,
                prior_variance=prior,
                variances=(
                    _planned_variance(designs[single], spread[0], unit),
                    _planned_variance(designs[ensemble], spread[1], unit),
                ),
                settles_if_single=sum(other <= column for other in standing.open_columns),
                settles_if_ensemble=settled,
            )
        )
    return cells


def _pooled(
    of_budgets: Sequence[DesignT | None],
    designs: Mapping[DesignT, Replicates],
    unit: QualityUnit,
) -> float:
    """Pool the variance over seeds over the budgets of a design class."""
    samples = [list(designs[design].errors.values()) for design in of_budgets if design is not None]
    several = [sample for sample in samples if len(sample) > 1]
    if not several:
        return unit.unknown_deviation**2
    squares = sum((len(sample) - 1) * variance(sample) for sample in several)
    return max(squares / sum(len(sample) - 1 for sample in several), unit.smallest_deviation**2)


def _planned_variance(design: Replicates, pooled: float, unit: QualityUnit) -> float:
    if len(design.errors) < MIN_SEEDS:
        return pooled
    return max(variance(design.errors.values()), unit.smallest_deviation**2)


def _measured(
    question: Question[DesignT],
    designs: Mapping[DesignT, Replicates],
    spread: tuple[float, float],
    unit: QualityUnit,
) -> dict[int, tuple[float, float]]:
    """Return difference and its squared standard error at each budget with runs, by column."""
    measured = {}
    for column, (single, ensemble) in enumerate(
        zip(question.singles, question.ensembles, strict=True)
    ):
        if ensemble is not None and designs[single].errors and designs[ensemble].errors:
            one, other = designs[single], designs[ensemble]
            difference = fmean(other.errors.values()) - fmean(one.errors.values())
            squared = _planned_variance(one, spread[0], unit) / len(one.errors)
            squared += _planned_variance(other, spread[1], unit) / len(other.errors)
            measured[column] = (difference, squared)
    return measured


def _expected(
    budgets: Sequence[int],
    column: int,
    measured: Mapping[int, tuple[float, float]],
    unit: QualityUnit,
) -> tuple[float, float]:
    """Return the expected difference at a budget, and its variance where it has no runs."""
    if column in measured:
        return measured[column][0], 0.0
    if not measured:
        return 0.0, unit.unknown_deviation**2
    below = [other for other in measured if other < column]
    above = [other for other in measured if other > column]
    if not below or not above:
        nearest, squared = measured[max(below) if below else min(above)]
        return nearest, nearest**2 + squared
    first, second = max(below), min(above)
    (low, low_squared), (high, high_squared) = measured[first], measured[second]
    width = math.log(budgets[second] / budgets[first])
    share = math.log(budgets[column] / budgets[first]) / width if width else 0.5
    expected = low + share * (high - low)
    return expected, ((high - low) / 2.0) ** 2 + (low_squared + high_squared) / 2.0
