"""The paper's statements on how the switchover moves from one comparison to another (section 4)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.claims.claim import NOTHING_MEASURED, Claim, ClaimAnswer
from ensemble_switchover.analysis.switchover.range import data_complexity, range_switchover

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName
    from ensemble_switchover.analysis.switchover.range import SwitchoverRange


@dataclass(frozen=True, slots=True)
class _Step:
    """One comparison on the way."""

    name: str
    kind: object
    """What rises; steps of the same kind are not ordered."""
    found: SwitchoverRange


def check_rise_with_k(findings: Sequence[Finding], ensemble_class: DesignClassName) -> list[Claim]:
    """Check, setting by setting, that larger ensembles switch over at more parameters."""
    statement = (
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
        claims.append(_judge_rise((statement, "section 4, Figure 4", scope), steps, "k"))
    return claims


def check_fall_with_complexity(
    findings: Sequence[Finding], ensemble_class: DesignClassName
) -> list[Claim]:
    """Check, family by family and k by k, that harder data bring the switchover down.

    Data are the harder, the higher `data_complexity` is. Their recipes may differ, but not what
    else two runs must share; settings of the same data are not ordered.
    """
    statement = (
        f"The more complex the data, the fewer parameters {ensemble_class} needs to switch over."
    )
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
        claim = (statement, "section 4, Figure 2(a) to (c)", scope)
        claims.append(_judge_rise(claim, steps, "data set"))
    return claims


def _with_ensembles(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.thresholds]


def _with_source(scope: str, finding: Finding) -> str:
    comparison = finding.comparison
    return f"{scope}, {comparison.source}" if comparison.show_source else scope


def _judge_rise(claim: tuple[str, str, str], steps: Sequence[_Step], what: str) -> Claim:
    """Judge whether the switchover rises from each step to every later one of another kind."""
    compared = [step for step in steps if step.found.is_compared]
    measured = "; ".join(f"{step.name}: {step.found}" for step in compared) or NOTHING_MEASURED
    pairs = [
        (earlier.found, later.found)
        for earlier, later in combinations(compared, 2)
        if earlier.kind != later.kind
    ]
    if not pairs:
        reason = f"{'only one' if compared else 'no'} {what} in these records has a pair to compare"
        return Claim(*claim, measured, ClaimAnswer.CANNOT_BE_SAID, reason)
    if any(later.at <= earlier.above for earlier, later in pairs):
        reason = "a step goes the other way"
        return Claim(*claim, measured, ClaimAnswer.DOES_NOT_HOLD, reason)
    if all(earlier.at <= later.above for earlier, later in pairs):
        return Claim(*claim, measured, ClaimAnswer.HOLDS, "every step is as stated")
    reason = "ranges overlap: more seeds, or other budgets, would tell"
    return Claim(*claim, measured, ClaimAnswer.CANNOT_BE_SAID, reason)
