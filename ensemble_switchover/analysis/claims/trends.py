"""The paper's statements on how the switchover moves between comparisons (section 4)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.claims.claim import (
    NOTHING_MEASURED,
    Claim,
    ClaimAnswer,
    Statement,
    leave_open,
    not_asked,
)
from ensemble_switchover.analysis.claims.missing_runs import name_another_dataset
from ensemble_switchover.analysis.switchover.range import data_complexity, range_switchover

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName
    from ensemble_switchover.analysis.switchover.range import SwitchoverRange


@dataclass(frozen=True, slots=True)
class _Step:
    """One comparison in an ordered series."""

    name: str
    kind: object
    """The value that orders the steps; steps with equal values are not ordered."""
    found: SwitchoverRange


def check_rise_with_k(findings: Sequence[Finding], ensemble_class: DesignClassName) -> list[Claim]:
    """Check in each setting that larger ensembles switch over at more parameters."""
    text = (
        f"The more members, the more parameters {ensemble_class} needs to switch over (DenseNet: "
        "1.5, 3 and 5 million for k = 4, 6 and 8)."
    )
    groups: defaultdict[Hashable, list[Finding]] = defaultdict(list)
    for finding in _with_ensembles(findings):
        groups[finding.comparison.setting, finding.comparison.source].append(finding)
    claims = []
    for group in groups.values():
        steps = [
            _Step(
                f"k = {f.comparison.k}",
                f.comparison.k,
                range_switchover(f.thresholds[ensemble_class]),
            )
            for f in sorted(group, key=lambda f: f.comparison.k)
        ]
        scope = _with_source(group[0].comparison.setting_label, group[0])
        statement = Statement(text, "section 4, Figure 4", scope)
        claim = _judge_rise(statement, steps, "k", "another k, such as k=2,4,8")
        if claim.answer is not ClaimAnswer.NOT_ASKED:
            shared = _describe_shared(group, ensemble_class)
            claim = replace(claim, measured=f"{claim.measured} ({shared})")
        claims.append(claim)
    return claims


def _describe_shared(group: Sequence[Finding], ensemble_class: DesignClassName) -> str:
    """Say what the comparisons of several k have in common: ensembles of one seed share members."""
    seeds: defaultdict[int, set[int]] = defaultdict(set)
    for finding in group:
        of_class = finding.runs.filter(finding.runs["design_class"] == ensemble_class)
        seeds[finding.comparison.k].update(of_class["seed"])
    common = any(one & other for one, other in combinations(seeds.values(), 2))
    return f"not independent: the same single networks{' and seeds' if common else ''} for every k"


def check_fall_with_complexity(
    findings: Sequence[Finding], ensemble_class: DesignClassName
) -> list[Claim]:
    """Check for each family and k that more complex data lower the switchover.

    Data sets are ordered by `data_complexity`. Their recipes may differ as the rows of Table A
    do, but nothing else that two runs must share. Settings of the same data are not ordered.
    """
    text = f"The more complex the data, the fewer parameters {ensemble_class} needs to switch over."
    groups: defaultdict[Hashable, list[tuple[float, Finding]]] = defaultdict(list)
    for finding in _with_ensembles(findings):
        comparison = finding.comparison
        complexity = data_complexity(finding)
        if complexity is not None:
            key = (comparison.setting.beside_data, comparison.k, comparison.source)
            groups[key].append((complexity, finding))
    claims = []
    for group in groups.values():
        comparison = group[0][1].comparison
        hardest_first = sorted(group, key=lambda entry: -entry[0])
        steps = [
            _Step(
                f"{f.comparison.setting_label} (single network's error {complexity:.1f} %)",
                f.comparison.setting.data,
                range_switchover(f.thresholds[ensemble_class]),
            )
            for complexity, f in hardest_first
        ]
        scope = _with_source(f"{comparison.setting.family}, k = {comparison.k}", group[0][1])
        statement = Statement(text, "section 4, Figure 2(a) to (c)", scope)
        needed = f"another data set too, such as {name_another_dataset([f for _, f in group])}"
        claims.append(_judge_rise(statement, steps, "data set", needed))
    return claims


def _with_ensembles(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.thresholds]


def _with_source(scope: str, finding: Finding) -> str:
    comparison = finding.comparison
    return f"{scope}, {comparison.source}" if comparison.show_source else scope


def _judge_rise(statement: Statement, steps: Sequence[_Step], what: str, runs_needed: str) -> Claim:
    """Judge whether the switchover rises from each step to every later step of another kind.

    Args:
        statement: The statement of the paper.
        steps: The comparisons in the order in which the switchover is said to rise.
        what: What the steps differ in.
        runs_needed: What would have to be run if all steps are of one kind.
    """
    compared = [step for step in steps if step.found.is_compared]
    measured = "; ".join(f"{step.name}: {step.found}" for step in compared) or NOTHING_MEASURED
    pairs = [
        (earlier.found, later.found)
        for earlier, later in combinations(compared, 2)
        if earlier.kind != later.kind
    ]
    if not pairs:
        reason = f"{'only one' if compared else 'no'} {what} in these records has a pair to compare"
        return not_asked(statement, reason, runs_needed, measured)
    if any(later.at <= earlier.above for earlier, later in pairs):
        reason = "the switchover falls between two steps"
        return Claim(*statement, measured, ClaimAnswer.DOES_NOT_HOLD, reason)
    if all(earlier.at <= later.above for earlier, later in pairs):
        reason = "the switchover rises from each step to the next"
        return Claim(*statement, measured, ClaimAnswer.HOLDS, reason)
    reason = "ranges overlap; more seeds or other budgets could decide"
    return leave_open(statement, reason, measured)
