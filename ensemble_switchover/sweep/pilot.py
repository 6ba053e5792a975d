"""What the finished runs of a study say of its smallest budget, before the others are made."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, variance
from typing import TYPE_CHECKING

from scipy.special import stdtr

from ensemble_switchover.analysis.comparison import setting_of
from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.analysis.statistics import welch_degrees
from ensemble_switchover.config.run_spec import budget_name
from ensemble_switchover.config.schema import NetworkBudgetConfig, ParametersBudgetConfig
from ensemble_switchover.design.other_budgets import smaller_budget
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.sweep.next_runs import (
    CandidateDesign,
    FinishedRuns,
    questions_of,
    replicates_of,
    specs_by_design,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.comparison import Setting
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.design import Budget

LIKELY = 0.8
"""Probability from which on an ensemble is said to be better at the smallest budget."""


@dataclass(frozen=True, slots=True)
class _Early:
    """An ensemble that is likely better at the smallest budget already."""

    design: CandidateDesign
    spec: RunSpec
    difference: float
    """Ensemble minus single network, in percentage points."""
    num_seeds: int
    smaller: Budget | None


def describe_smallest_budgets(specs: Sequence[RunSpec], configs: Mapping[str, Config]) -> list[str]:
    """Say where ensembles are likely better at the smallest budget, and which one is smaller.

    Then no smaller budget is ruled out, and the switchover has no lower bound. Three seeds of the
    smallest budget tell, whatever else is finished.

    Args:
        specs: The runs of a study.
        configs: The configuration of each run, by its name.
    """
    by_design = specs_by_design(specs)
    smallest = {question.ensembles[0] for question in questions_of(by_design)}
    errors = _errors(
        [s for design in by_design if _is_at(design, smallest) for s in by_design[design]]
    )
    designs = replicates_of(by_design, FinishedRuns(errors, dict.fromkeys(_names(specs), 1.0)), ())
    groups: defaultdict[tuple[str, Budget | None], list[_Early]] = defaultdict(list)
    for question in questions_of(by_design):
        single, ensemble = question.singles[0], question.ensembles[0]
        if ensemble is None:
            continue
        one, other = (list(designs[d].errors.values()) for d in (single, ensemble))
        if min(len(one), len(other)) >= MIN_SEEDS and probability_lower(other, one) >= LIKELY:
            spec = next(s for s in by_design[ensemble] if s.name in errors)
            smaller = smaller_budget(
                spec.family, spec.budget, spec.task, ensemble.design_class, ensemble.k, spec.source
            )
            found = _Early(
                ensemble, spec, fmean(other) - fmean(one), min(len(one), len(other)), smaller
            )
            groups[ensemble.setting, smaller].append(found)
    return [_describe(group, configs) for group in groups.values()]


def probability_lower(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how probably the mean of the first is lower than that of the second, by Welch.

    Args:
        first: At least two values.
        second: The same.

    >>> round(probability_lower([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]), 3)
    0.856
    """
    difference = fmean(first) - fmean(second)
    one, other = variance(first) / len(first), variance(second) / len(second)
    if one + other == 0.0:
        return float(difference < 0.0)
    degrees = welch_degrees(one, len(first), other, len(second))
    return float(stdtr(degrees, -difference / math.sqrt(one + other)))


def _is_at(design: CandidateDesign, smallest: set[CandidateDesign | None]) -> bool:
    return any(
        other is not None and (design.setting, design.budget) == (other.setting, other.budget)
        for other in smallest
    )


def _names(specs: Sequence[RunSpec]) -> list[str]:
    return [spec.name for spec in specs]


def _errors(specs: Sequence[RunSpec]) -> dict[str, float]:
    errors = {}
    for spec in specs:
        if run_state(spec.folder) is RunState.FINISHED:
            error = read_document(spec.folder).summary.error_percent
            if math.isfinite(error):
                errors[spec.name] = error
    return errors


def _describe(group: Sequence[_Early], configs: Mapping[str, Config]) -> str:
    spec, budget = group[0].spec, group[0].spec.budget
    names = ", ".join(found.design.label for found in group)
    verb = "is" if len(group) == 1 else "are"
    low, high = min(f.difference for f in group), max(f.difference for f in group)
    points = f"{low:+.1f}" if f"{low:.1f}" == f"{high:.1f}" else f"{low:+.1f} to {high:+.1f}"
    seeds = min(found.num_seeds for found in group)
    told = (
        f"{spec.family.name} on {spec.images_name}: {names} {verb} likely better at the smallest "
        f"budget already, {budget.parameters:,} parameters ({points} percentage points over "
        f"{count(seeds, 'seed')}), so the switchover has no lower bound"
    )
    smaller = group[0].smaller
    if smaller is None:
        return f"{told}, and no smaller budget has such a design"
    if _has_runs_at(smaller, spec):
        return (
            f"{told} among these runs; the study has runs of {smaller.parameters:,} parameters, too"
        )
    return (
        f"{told}; the same overrides with {_override(smaller, budget, configs[spec.name])} add a "
        f"budget of {smaller.parameters:,} parameters"
    )


def _has_runs_at(budget: Budget, spec: RunSpec) -> bool:
    """Return whether the study of a finished run has others at a budget that compare with it."""
    beginning = budget_name(spec.family.name, spec.dataset.name, budget.depth, budget.width)
    there = [run for run in find_runs(spec.study_folder).recorded if run.name.startswith(beginning)]
    setting = setting_of(read_document(spec.folder).record)
    return any(_is_of(run, setting) for run in there)


def _is_of(run: Path, setting: Setting) -> bool:
    """Return whether a run is of a setting; one that cannot be read is of none."""
    try:
        return setting_of(read_document(run).record) == setting
    except RecordError:
        return False


def _override(smaller: Budget, budget: Budget, config: Config) -> str:
    """Write the override of a smaller budget in the way in which the study states its own."""
    if isinstance(config.budget, ParametersBudgetConfig) and smaller.depth == budget.depth:
        return f"budget.parameters={smaller.parameters}"
    if isinstance(config.budget, ParametersBudgetConfig):
        return f"budget.parameters={smaller.parameters} budget.depth={smaller.depth}"
    if isinstance(config.budget, NetworkBudgetConfig) and config.budget.network is not None:
        return f"budget.network={smaller.depth}x{smaller.width}"
    if smaller.depth == budget.depth:
        return f"budget.width={smaller.width}"
    return f"budget.depth={smaller.depth} budget.width={smaller.width}"
