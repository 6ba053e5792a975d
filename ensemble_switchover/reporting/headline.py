"""The headline of a page, and the names of classes in it that a reader meets first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.class_terms import CLASS_TERMS
from ensemble_switchover.analysis.shortened_schedule import describe_shortened
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.what_to_build import WhatToBuild


def write_headline(answers: Sequence[WhatToBuild], findings: Sequence[Finding]) -> str:
    """Write what to build where there is one data set, and else what is compared."""
    if len(answers) == 1:
        return answers[0].title
    told = (
        f"{count(len(findings), 'comparison')} of single networks and ensembles on "
        f"{len(answers)} data sets"
    )
    shortened = describe_shortened(r for f in findings for r in f.comparison.records)
    return told if shortened is None else f"{told}, {shortened}"


def list_terms(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Explain the ensemble classes that were compared, one line each, with their members."""
    members: dict[str, set[int]] = {}
    for finding in findings:
        for name in finding.thresholds:
            members.setdefault(name, set()).add(finding.comparison.k)
    return tuple(
        f"{name}, {CLASS_TERMS[name]}".replace("k networks", f"{_list_members(ks)} networks")
        for name, ks in members.items()
    )


def _list_members(ks: set[int]) -> str:
    *others, last = map(str, sorted(ks))
    return f"{', '.join(others)} or {last}" if others else last
