"""Simulate how many runs a study needs until its switchovers are settled, by several rules.

Studies with planted switchovers of deq and weq are made run by run: by the purchases that
`sweep.hours=` makes, and by the refinement that it made before, which began with two seeds of four
budgets, then ran all designs of the budget whose winner was least certain, and decided by paired t
intervals at 95 %. All see the same errors. `python -m benchmarks.buying` prints the figures of
docs/sweeps.md; they are of studies by which nothing was chosen.
"""

from __future__ import annotations

import argparse
import math
from bisect import bisect_left
from dataclasses import dataclass
from statistics import fmean, median, variance
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.special import stdtrit

from ensemble_switchover.analysis.collapse import outliers
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, MIN_SEEDS
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.open_cells import find_open_cells
from ensemble_switchover.analysis.purchase import find_purchases
from ensemble_switchover.analysis.standing import (
    Question,
    Replicates,
    Standing,
    Winner,
    judge_columns,
    standing_of,
)
from ensemble_switchover.config.amounts import argument, parse_count
from ensemble_switchover.sweep.next_runs import FIRST_BUDGETS, PURSUED, spread_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.decision_rule import DecisionRule

SINGLE, *ENSEMBLES = CLASSES = ("single", "deq", "weq")
DEVIATIONS = {"single": 0.9, "deq": 0.55, "weq": 0.55}
"""Standard deviations over seeds in percentage points, as in the study of the digits."""
SECONDS = {"single": 1.0, "deq": 2.5, "weq": 1.35}
"""Relative seconds of a run with k = 4, as in the study of the digits."""
MOST_SEEDS = 10
SMALLEST_BUDGET = 50_000
COLLAPSED_POINTS = 15.0
COLLAPSING_SHARE = 1 / 25
"""Share of single networks that collapse, where collapses are planted."""
SEED = 20261128
"""Of the studies that are reported; choices were made by those of other seeds."""

PlantedDesign: TypeAlias = tuple[str, int]
"""Design class and index of the budget."""


@dataclass(frozen=True)
class PlantedStudy:
    """Budgets a factor 2 apart, the true differences, and the error of every run."""

    differences: dict[str, NDArray[np.float64]]
    """Ensemble class -> true difference of the errors at each budget, in percentage points."""
    errors: dict[str, NDArray[np.float64]]
    """Design class -> errors in percent, `(budgets, seeds)`."""

    @property
    def budgets(self) -> tuple[int, ...]:
        return tuple(SMALLEST_BUDGET * 2**i for i in range(len(self.errors["single"])))


def plant_study(
    generator: np.random.Generator, *, collapses: bool = False, even: bool = False
) -> PlantedStudy:
    """Draw a study.

    Args:
        generator: Draws everything.
        collapses: Whether single networks collapse.
        even: Whether the difference is 0 at the budget where the ensemble would begin to win.
    """
    num_budgets = int(generator.integers(5, 9))
    octaves = np.arange(num_budgets)
    differences = {}
    for name in CLASSES[1:]:
        crossing = generator.integers(num_budgets - 2) + generator.uniform(0.3, 0.7)
        slope = generator.uniform(1.5, 3.0)
        difference = np.clip(slope * (crossing - octaves), -4.0, 6.0)
        if even:
            difference[math.ceil(crossing)] = 0.0
        differences[name] = difference
    shape = num_budgets, MOST_SEEDS
    single = np.tile(20.0 - 1.5 * octaves[:, None], MOST_SEEDS)
    errors = {"single": single + generator.normal(0.0, DEVIATIONS["single"], shape)}
    if collapses:
        errors["single"] += COLLAPSED_POINTS * (generator.random(shape) < COLLAPSING_SHARE)
    for name, difference in differences.items():
        noise = generator.normal(0.0, DEVIATIONS[name], shape)
        errors[name] = single + difference[:, None] + noise
    return PlantedStudy(differences, errors)


@dataclass
class Ledger:
    """The runs that were made of a study: the first seeds of every design."""

    study: PlantedStudy
    made: dict[PlantedDesign, int]

    @property
    def num_runs(self) -> int:
        return sum(self.made.values())

    @property
    def seconds(self) -> float:
        return sum(number * SECONDS[name] for (name, _), number in self.made.items())

    def make(self, design: PlantedDesign, number: int) -> None:
        self.made[design] = min(self.made.get(design, 0) + number, MOST_SEEDS)

    def errors_of(self, name: str, *, screened: bool) -> list[dict[int, float]]:
        """Return seed -> error at each budget, without collapsed runs if these are screened."""
        found = [
            {s: float(row[s]) for s in range(self.made.get((name, column), 0))}
            for column, row in enumerate(self.study.errors[name])
        ]
        if screened:
            cells = {c: {(c, s): e for s, e in errors.items()} for c, errors in enumerate(found)}
            for column, seed in outliers(cells):
                del found[column][seed]
        return found


@dataclass(frozen=True)
class Outcome:
    """What a rule came to in one study."""

    num_runs: int
    """Until everything is settled, or no run is left."""
    seconds: float
    """Of these runs, relative to a single network's."""
    num_until_found: int
    """Runs until a switchover of both classes is found, or all of them."""
    is_found: bool
    is_settled: bool
    num_false: int
    """Ensemble classes found at a budget where, or below one where, they are not better."""
    rules_out_falsely: int
    """Ensemble classes of which a budget is ruled out from which on they are better."""


def buy(study: PlantedStudy, pursued: DecisionRule = PURSUED) -> Outcome:
    """Make runs by purchases, as a sweep with `sweep.hours=` does.

    Args:
        study: The study.
        pursued: The rule by which a budget is taken for decided while runs are made. The outcome is
            judged by the rule of a report.
    """
    columns = range(len(study.budgets))
    ledger = Ledger(study, {})
    singles = tuple((SINGLE, column) for column in columns)
    questions = [
        Question(study.budgets, singles, tuple((name, column) for column in columns))
        for name in ENSEMBLES
    ]
    for column in spread_columns(len(study.budgets), FIRST_BUDGETS):
        for name in CLASSES:
            ledger.make((name, column), MIN_SEEDS)
    num_until_found: int | None = None
    while True:
        designs = {
            (name, column): Replicates(
                errors, SECONDS[name], MOST_SEEDS - ledger.made.get((name, column), 0)
            )
            for name in CLASSES
            for column, errors in enumerate(ledger.errors_of(name, screened=True))
        }
        standings = {
            name: standing_of(question, designs, DEFAULT_RULE)
            for name, question in zip(ENSEMBLES, questions, strict=True)
        }
        if num_until_found is None and all_found(standings, study):
            num_until_found = ledger.num_runs
        purchases = find_purchases(find_open_cells(questions, designs, pursued), designs, pursued)
        if not purchases:
            return judge(ledger, standings, num_until_found)
        for design, number in purchases[0].amounts:
            ledger.make(design, number)


def refine(
    study: PlantedStudy,
    winner_of: Callable[[Mapping[int, float], Mapping[int, float]], Winner],
    *,
    screened: bool = False,
) -> Outcome:
    """Make runs as `sweep.hours=` did before, until everything is settled or no run is left.

    Args:
        study: The study.
        winner_of: Tells the winner from the errors of the ensemble and of the single network.
        screened: Whether collapsed runs are left out.
    """
    columns = range(len(study.budgets))
    ledger = Ledger(study, {})
    for column in spread_columns(len(study.budgets), 4):
        for name in CLASSES:
            ledger.make((name, column), 2)
    num_until_found: int | None = None
    while True:
        single = ledger.errors_of(SINGLE, screened=screened)
        standings: dict[str, Standing] = {}
        scores: dict[int, float] = {}
        for name in ENSEMBLES:
            ensemble = ledger.errors_of(name, screened=screened)
            standings[name] = judge_columns(
                [
                    winner_of(errors, single[column]) if errors else Winner.UNTRIED
                    for column, errors in enumerate(ensemble)
                ]
            )
            differences = {
                column: [errors[seed] - single[column][seed] for seed in errors]
                for column, errors in enumerate(ledger.errors_of(name, screened=False))
                if errors and errors.keys() <= single[column].keys()
            }
            for column, certainty in certainties(columns, differences).items():
                if ledger.made.get((SINGLE, column), 0) < MOST_SEEDS:
                    scores[column] = min(scores.get(column, certainty), certainty)
        if num_until_found is None and all_found(standings, study):
            num_until_found = ledger.num_runs
        if not scores or not any(standing.open_columns for standing in standings.values()):
            return judge(ledger, standings, num_until_found)
        column = min(scores, key=lambda c: (scores[c], c))
        for name in CLASSES:
            ledger.make((name, column), 1 if ledger.made.get((name, column)) else 2)


def judge(
    ledger: Ledger, standings: Mapping[str, Standing], num_until_found: int | None
) -> Outcome:
    """Compare what was found with what was planted."""
    num_false = rules_out_falsely = 0
    for name, standing in standings.items():
        no_better = np.flatnonzero(ledger.study.differences[name] >= 0.0)
        last = int(no_better[-1]) if no_better.size else -1
        num_false += standing.beyond <= last
        rules_out_falsely += standing.ruled_out > last
    return Outcome(
        num_runs=ledger.num_runs,
        seconds=ledger.seconds,
        num_until_found=num_until_found or ledger.num_runs,
        is_found=num_until_found is not None,
        is_settled=not any(standing.open_columns for standing in standings.values()),
        num_false=num_false,
        rules_out_falsely=rules_out_falsely,
    )


def all_found(standings: Mapping[str, Standing], study: PlantedStudy) -> bool:
    """Return whether the switchover of every class is found."""
    return all(standing.beyond < len(study.budgets) for standing in standings.values())


def paired_at_95(ensemble: Mapping[int, float], single: Mapping[int, float]) -> Winner:
    """Decide by the paired t interval at 95 %, from two seeds on, as reports did before."""
    values = [ensemble[seed] - single[seed] for seed in ensemble if seed in single]
    if len(values) < 2:
        return Winner.UNDECIDED
    half = float(stdtrit(len(values) - 1, 0.975)) * math.sqrt(variance(values) / len(values))
    if abs(fmean(values)) <= half:
        return Winner.UNDECIDED
    return Winner.ENSEMBLE if fmean(values) < 0.0 else Winner.SINGLE


def by_report_rule(ensemble: Mapping[int, float], single: Mapping[int, float]) -> Winner:
    """Decide as reports do now."""
    interval = difference_interval(ensemble, single, DEFAULT_RULE)
    if interval is None or interval.lower <= 0.0 <= interval.upper:
        return Winner.UNDECIDED
    return Winner.ENSEMBLE if interval.upper < 0.0 else Winner.SINGLE


def certainties(
    columns: Sequence[int], differences: Mapping[int, Sequence[float]]
) -> dict[int, float]:
    """Return by how many standard errors each budget's difference deviates from 0, as before."""
    several = [values for values in differences.values() if len(values) > 1]
    squares = sum((len(values) - 1) * variance(values) for values in several)
    deviation = math.sqrt(squares / sum(len(values) - 1 for values in several))
    means = {column: fmean(values) for column, values in differences.items()}
    tried = sorted(differences)
    found = {}
    for column in columns:
        if column in differences:
            found[column] = abs(means[column]) / deviation * math.sqrt(len(differences[column]))
            continue
        index = bisect_left(tried, column)
        below, above = tried[max(index - 1, 0)], tried[min(index, len(tried) - 1)]
        share = (column - below) / (above - below) if above > below else 0.0
        mean = (1 - share) * means[below] + share * means[above]
        found[column] = abs(mean) / math.hypot(deviation, (means[above] - means[below]) / 2)
    return found


RULES: dict[str, Callable[[PlantedStudy], Outcome]] = {
    "refinement of before, paired t 95 %": lambda study: refine(study, paired_at_95),
    "the same blocks, rule of reports": lambda study: refine(study, by_report_rule, screened=True),
    "purchases, decided at 90 %": lambda study: buy(study, DEFAULT_RULE),
    "purchases, decided at 98 % (sweep.hours=)": buy,
}
CONDITIONS = {
    "Gaussian noise": {},
    "one single network in 25 collapses": {"collapses": True},
    "no difference at one budget": {"even": True},
    "both": {"collapses": True, "even": True},
}


def main() -> None:
    """Print one table for each kind of study."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--studies", type=argument(parse_count), default=200, help="studies of each kind"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    print(
        f"{given.studies} studies of 5 to 8 budgets, deq and weq, at most {MOST_SEEDS} seeds, seed "
        f"{given.seed}. Runs and seconds are until everything is settled or no run is left."
    )
    for condition, options in CONDITIONS.items():
        studies = [
            plant_study(np.random.default_rng([given.seed, number]), **options)
            for number in range(given.studies)
        ]
        print(f"\n{condition}")
        print(
            "| rule | runs: mean | median | seconds | until found | found | settled "
            "| false finds | ruled out falsely |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        before: list[Outcome] = []
        for name, rule in RULES.items():
            outcomes = [rule(study) for study in studies]
            before = before or outcomes
            print(f"| {name} | {describe_outcomes(outcomes, before)} |", flush=True)


def describe_outcomes(outcomes: Sequence[Outcome], before: Sequence[Outcome]) -> str:
    """Write the cells of a row; shares in brackets are of the refinement of before."""
    num_classes = len(outcomes) * len(ENSEMBLES)

    def mean(field: str) -> str:
        value, reference = (fmean(getattr(o, field) for o in each) for each in (outcomes, before))
        return f"{value:.0f} ({value / reference:.2f})"

    return " | ".join(
        [
            mean("num_runs"),
            f"{median(o.num_runs for o in outcomes):.0f}",
            mean("seconds"),
            mean("num_until_found"),
            f"{fmean(o.is_found for o in outcomes):.2f}",
            f"{fmean(o.is_settled for o in outcomes):.2f}",
            f"{sum(o.num_false for o in outcomes) / num_classes:.3f}",
            f"{sum(o.rules_out_falsely for o in outcomes) / num_classes:.3f}",
        ]
    )


if __name__ == "__main__":
    main()
