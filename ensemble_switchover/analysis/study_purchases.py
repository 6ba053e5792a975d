"""What the records of a study leave open, and the designs of which more runs would settle it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.open_cells import find_open_cells
from ensemble_switchover.analysis.purchase import MOST_RUNS, choose_different, find_purchases
from ensemble_switchover.analysis.recorded_design import (
    recorded_budget,
    recorded_family,
    recorded_task,
)
from ensemble_switchover.analysis.standing import Question, Replicates, standing_of
from ensemble_switchover.analysis.switchover.hole import HoleKind
from ensemble_switchover.design import BudgetRule, DesignClass
from ensemble_switchover.design.other_budgets import budget_between, has_ensemble, smaller_budget
from ensemble_switchover.results.record import BudgetRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.analysis.comparison import Setting
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.open_cells import OpenCell
    from ensemble_switchover.analysis.purchase import Purchase
    from ensemble_switchover.analysis.standing import Standing
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName
    from ensemble_switchover.design import Budget, Family, ImageTask
    from ensemble_switchover.results.record import Record

NUM_SHOWN = 3
"""Number of purchases that are shown."""
DECISIVE_SHARE = 0.7
"""Share that a shown purchase settles at least of what the most runs of its designs would."""
WIDE_RANGE = 4.0
"""Ranges of budgets that are wider than this factor are narrowed by a budget between."""


@dataclass(frozen=True, slots=True)
class BudgetedDesign:
    """One design at one budget of one setting."""

    setting: Setting
    design_class: DesignClassName
    k: int
    """Number of members; 1 for a single network."""
    source: str | None
    """The budget rule; None for a single network."""
    budget: BudgetRecord

    @property
    def network(self) -> str:
        """Depth and width of the single network that states the budget."""
        return f"{self.budget.depth}x{self.budget.width}"


@dataclass(frozen=True, slots=True)
class AskedClass:
    """An ensemble class of a comparison, of which it is asked where it switches over."""

    finding: Finding
    ensemble_class: DesignClassName
    question: Question[BudgetedDesign]
    standing: Standing
    """How far it is settled at the budgets with runs."""
    smaller: BudgetRecord | None
    """The budget that may bound the range from below, where none is ruled out."""


@dataclass(frozen=True, slots=True)
class StudyPurchases:
    """What would settle most of what is open in a study."""

    asked: tuple[AskedClass, ...]
    cells: tuple[OpenCell[BudgetedDesign], ...]
    """The budgets that keep questions open; a question is the index of one that is asked."""
    purchases: tuple[Purchase[BudgetedDesign], ...]
    """The best first; each decides something that those before it do not."""
    records: Mapping[BudgetedDesign, tuple[Record, ...]] = field(repr=False)
    """The runs of every design."""

    by: str = ""
    """By what designs are compared, such as ` by NLL`; empty for the error."""

    def is_below_all(self, cell: OpenCell[BudgetedDesign]) -> bool:
        """Return whether a cell is of a budget below all with runs, which bounds a range."""
        return _is_below_all(self.asked[cell.question], cell)


def plan_purchases(
    findings: Sequence[Finding], rule: DecisionRule = DEFAULT_RULE
) -> StudyPurchases:
    """Find the purchases that would settle most of where the ensembles of a study switch over.

    Args:
        findings: The comparisons of the study, with their records.
        rule: How cells are decided.
    """
    records: dict[BudgetedDesign, tuple[Record, ...]] = {}
    by_setting: defaultdict[Setting, list[_Class]] = defaultdict(list)
    for finding in findings:
        records |= _records_by_design(finding)
        for name, threshold in finding.thresholds.items():
            if threshold.seed_counts is not None:  # else the class was left out on purpose
                by_setting[finding.comparison.setting].append(_Class(finding, name))
    asked = [entry for of_setting in by_setting.values() for entry in _ask(of_setting, rule)]
    designs = _replicates(asked, records)
    cells = [
        replace(cell, settles_if_ensemble=0) if _is_below_all(asked[cell.question], cell) else cell
        for cell in find_open_cells([entry.question for entry in asked], designs, rule)
    ]
    purchases = find_purchases(cells, designs, rule, DECISIVE_SHARE)
    likely = [purchase for purchase in purchases if purchase.decisions]
    chosen = choose_different(likely, NUM_SHOWN)
    by = rule.quality.by_name
    return StudyPurchases(tuple(asked), tuple(cells), tuple(chosen), records, by)


def _is_below_all(entry: AskedClass, cell: OpenCell[BudgetedDesign]) -> bool:
    """Return whether a cell bounds a range from below, which only a better single network does."""
    return cell.budget < entry.finding.grid.budgets[0].parameters


def _records_by_design(finding: Finding) -> dict[BudgetedDesign, tuple[Record, ...]]:
    found: defaultdict[BudgetedDesign, list[Record]] = defaultdict(list)
    for record in finding.comparison.records:
        design = record.design
        source = None if design.design_class == "single" else design.source
        setting = finding.comparison.setting
        key = BudgetedDesign(setting, design.design_class, design.k, source, record.budget)
        found[key].append(record)
    return {key: tuple(runs) for key, runs in found.items()}


@dataclass(frozen=True, slots=True)
class _Class:
    """An ensemble class of a comparison."""

    finding: Finding
    name: DesignClassName

    def design(self, budget: BudgetRecord) -> BudgetedDesign:
        comparison = self.finding.comparison
        return BudgetedDesign(
            comparison.setting, self.name, comparison.k, comparison.source, budget
        )

    def single(self, budget: BudgetRecord) -> BudgetedDesign:
        return BudgetedDesign(self.finding.comparison.setting, "single", 1, None, budget)

    def exists_at(self, budget: BudgetRecord) -> bool:
        """Return whether the ensemble exists at a budget without runs."""
        family = _family_of(self.finding)
        return family is not None and has_ensemble(
            family, recorded_budget(budget), _task_of(self.finding), *self.rule_of_design
        )

    @property
    def rule_of_design(self) -> tuple[DesignClass, int, BudgetRule]:
        comparison = self.finding.comparison
        return DesignClass(self.name), comparison.k, BudgetRule(comparison.source)

    def question(self, new_budgets: Sequence[BudgetRecord] = ()) -> Question[BudgetedDesign]:
        """Return the question of the budgets with runs and of further ones."""
        known = self.finding.grid.budgets
        without = {
            hole.budget
            for hole in self.finding.holes
            if hole.design_class == self.name and hole.kind is HoleKind.NO_DESIGN
        }
        without |= {b for b in new_budgets if b not in known and not self.exists_at(b)}
        budgets = sorted({*known, *new_budgets}, key=lambda b: (b.parameters, b.depth, b.width))
        return Question(
            budgets=tuple(budget.parameters for budget in budgets),
            singles=tuple(map(self.single, budgets)),
            ensembles=tuple(None if b in without else self.design(b) for b in budgets),
        )

    def smaller(self) -> BudgetRecord | None:
        """Return a budget that is smaller than any with runs and has the ensemble."""
        family, smallest = _family_of(self.finding), recorded_budget(self.finding.grid.budgets[0])
        if family is None:
            return None
        task = _task_of(self.finding)
        return _record_of(smaller_budget(family, smallest, task, *self.rule_of_design))

    def between(self, standing: Standing) -> BudgetRecord | None:
        """Return a budget within the range of the switchover where that is wide."""
        budgets = [recorded_budget(budget) for budget in self.finding.grid.budgets]
        family = _family_of(self.finding)
        if family is None or standing.ruled_out < 0 or standing.beyond == len(budgets):
            return None
        lower, upper = budgets[standing.ruled_out], budgets[standing.beyond]
        if standing.open_columns or upper.parameters <= WIDE_RANGE * lower.parameters:
            return None
        found = _record_of(budget_between(family, lower, upper, _task_of(self.finding)))
        return found if found is not None and self.exists_at(found) else None


def _ask(classes: Sequence[_Class], rule: DecisionRule) -> list[AskedClass]:
    """Return the questions of one setting, with the budgets that none of its runs have yet.

    A single network of a new budget is in the comparisons of every class and k, so every question
    of the setting has the new budgets of all.
    """
    standings = [standing_of(each.question(), _errors(each), rule) for each in classes]
    smaller: dict[int, BudgetRecord] = {}
    new: dict[BudgetRecord, None] = {}
    for number, (each, standing) in enumerate(zip(classes, standings, strict=True)):
        if standing.ruled_out < 0 and standing.beyond == 0:
            served = next((budget for budget in new if each.exists_at(budget)), None)
            found = served or each.smaller()
            if found is not None:
                smaller[number] = found
                new[found] = None
    for each, standing in zip(classes, standings, strict=True):
        between = each.between(standing)
        if between is not None:
            new[between] = None
    return [
        AskedClass(
            each.finding, each.name, each.question(tuple(new)), standing, smaller.get(number)
        )
        for number, (each, standing) in enumerate(zip(classes, standings, strict=True))
    ]


def _errors(each: _Class) -> dict[BudgetedDesign, Replicates]:
    """Return the errors of a class and of the single networks after the last epoch."""
    grid = each.finding.grid
    last = len(grid.epochs) - 1
    found: dict[BudgetedDesign, Replicates] = {}
    for column, budget in enumerate(grid.budgets):
        found[each.single(budget)] = Replicates(grid.errors("single", column, last), 0.0)
        found[each.design(budget)] = Replicates(grid.errors(each.name, column, last), 0.0)
    return found


def _replicates(
    asked: Sequence[AskedClass], records: Mapping[BudgetedDesign, Sequence[Record]]
) -> dict[BudgetedDesign, Replicates]:
    """Return the runs of every design that the questions name, with what a further run takes."""
    known: dict[BudgetedDesign, Replicates] = {}
    for entry in asked:
        known |= _errors(_Class(entry.finding, entry.ensemble_class))
    seconds = _SecondsByDesign(records)
    found: dict[BudgetedDesign, Replicates] = {}
    for entry in asked:
        for design in (*entry.question.singles, *entry.question.ensembles):
            if design is not None:
                errors = known[design].errors if design in known else {}
                found[design] = Replicates(errors, seconds.predict(design), MOST_RUNS)
    return found


class _SecondsByDesign:
    """Predicts the seconds of runs from those of the same class at the nearest budgets."""

    def __init__(self, records: Mapping[BudgetedDesign, Sequence[Record]]) -> None:
        self._known: dict[tuple[object, ...], list[tuple[int, float]]] = {}
        for design, runs in records.items():
            alike = same_device(runs)
            mean = fmean(run.wall_seconds for run in alike)
            self._known.setdefault(_series(design), []).append((design.budget.parameters, mean))

    def predict(self, design: BudgetedDesign) -> float:
        """Return the mean seconds of its runs, or read them off a line through its neighbours."""
        known = sorted(self._known.get(_series(design), ()))
        if not known:
            known = sorted(pair for pairs in self._known.values() for pair in pairs)
        parameters, seconds = zip(*known, strict=True)
        return float(np.interp(design.budget.parameters, parameters, seconds))


def _series(design: BudgetedDesign) -> tuple[object, ...]:
    return design.setting, design.design_class, design.k, design.source


def same_device(runs: Sequence[Record]) -> list[Record]:
    """Return the runs on the device that has most of them, executed alike and timed alike."""
    conditions = [
        (run.environment.device_name, run.environment.execution, run.environment.times_of)
        for run in runs
    ]
    ((most, _),) = Counter(conditions).most_common(1)
    return [run for run, condition in zip(runs, conditions, strict=True) if condition == most]


def _family_of(finding: Finding) -> Family | None:
    family = recorded_family(finding.comparison.records[0].design)
    return None if isinstance(family, str) else family


def _task_of(finding: Finding) -> ImageTask:
    return recorded_task(finding.comparison.records[0].dataset)


def _record_of(budget: Budget | None) -> BudgetRecord | None:
    if budget is None:
        return None
    return BudgetRecord(depth=budget.depth, width=budget.width, parameters=budget.parameters)
