"""The paper's statements on how the switchover moves from one comparison to another (section 4)."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.claims.claim import NOTHING, Answer, Claim
from ensemble_switchover.analysis.switchover_range import data_complexity, range_switchover

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ensemble_switchover.analysis.error_grid import DesignClassName
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover_range import SwitchoverRange


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
        steps = sorted(
            (f.comparison.k, range_switchover(f.thresholds[ensemble_class])) for f in group
        )
        scope = group[0].comparison.setting_label
        named = [(f"k = {k}", found) for k, found in steps]
        claims.append(_judge_rise((statement, "section 4, Figure 4", scope), named, "only one k"))
    return claims


def check_fall_with_complexity(
    findings: Sequence[Finding], ensemble_class: DesignClassName
) -> list[Claim]:
    """Check, family by family and k by k, that harder data bring the switchover down.

    Data are the harder, the higher `data_complexity` is.
    """
    statement = (
        f"The more complex the data, the fewer parameters {ensemble_class} needs to switch over."
    )
    groups: defaultdict[Hashable, list[tuple[float, Finding]]] = defaultdict(list)
    for finding in _with_ensembles(findings):
        comparison = finding.comparison
        complexity = data_complexity(finding)
        if complexity is not None:
            key = (comparison.setting.family, comparison.k, comparison.source)
            groups[key].append((complexity, finding))
    claims = []
    for group in groups.values():
        comparison = group[0][1].comparison
        hardest_first = sorted(group, key=lambda entry: -entry[0])
        named = [
            (
                f"{f.comparison.setting_label} (single network's error {complexity:.1f} %)",
                range_switchover(f.thresholds[ensemble_class]),
            )
            for complexity, f in hardest_first
        ]
        claim = (
            statement,
            "section 4, Figure 2(a) to (c)",
            f"{comparison.setting.family}, k = {comparison.k}",
        )
        claims.append(_judge_rise(claim, named, "only one data set"))
    return claims


def _with_ensembles(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.thresholds]


def _judge_rise(
    claim: tuple[str, str, str], steps: Sequence[tuple[str, SwitchoverRange]], too_few: str
) -> Claim:
    """Judge whether the switchover rises from each step to the next."""
    compared = [(name, found) for name, found in steps if found.is_compared]
    measured = "; ".join(f"{name}: {found}" for name, found in compared) or NOTHING
    if len(compared) < 2:
        return Claim(*claim, measured, Answer.CANNOT_BE_SAID, f"{too_few} is in these records")
    ranges = [found for _, found in compared]
    if any(later.at <= earlier.above for earlier, later in pairwise(ranges)):
        reason = "a step goes the other way"
        return Claim(*claim, measured, Answer.DOES_NOT_HOLD, reason)
    if all(earlier.at <= later.above for earlier, later in pairwise(ranges)):
        return Claim(*claim, measured, Answer.HOLDS, "every step is as stated")
    reason = "ranges overlap: more seeds, or budgets closer together, would tell"
    return Claim(*claim, measured, Answer.CANNOT_BE_SAID, reason)
