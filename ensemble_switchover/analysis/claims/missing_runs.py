"""The runs without which a statement of the paper cannot be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ensemble_switchover.analysis.switchover.hole import HoleKind
from ensemble_switchover.analysis.switchover.range import range_switchover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName

OTHER_DATASETS = ("cifar10", "cifar100", "svhn")
"""Data sets of the paper to name as another one, in this order."""


class MissingRuns(NamedTuple):
    """Runs that a comparison lacks."""

    reason: str
    """Why there is nothing to compare."""
    needed: str
    """What would have to be run, with the override that asks for it where there is one."""


def find_missing_runs(finding: Finding, *ensemble_classes: DesignClassName) -> MissingRuns | None:
    """Find the first of some ensemble classes that has no single network to compare with.

    Returns:
        What is missing of that class; None if all can be compared.
    """
    for name in ensemble_classes:
        if not range_switchover(finding.thresholds[name]).is_compared:
            return _missing_of(finding, name)
    return None


def name_another_dataset(findings: Sequence[Finding]) -> str:
    """Return the override for a data set that none of the findings has.

    >>> name_another_dataset([])
    'dataset=cifar10'
    """
    present = {finding.comparison.setting.data["name"] for finding in findings}
    other = next((name for name in OTHER_DATASETS if name not in present), "folder")
    return f"dataset={other}"


def _missing_of(finding: Finding, name: DesignClassName) -> MissingRuns:
    grid, k = finding.grid, finding.comparison.k
    if not grid.has("single"):
        return MissingRuns("no single network was run", "the single networks (design=single)")
    if grid.has(name):
        return MissingRuns(
            f"no budget has an error of both {name} and a single network",
            f"both at the same budgets (design=single,{name})",
        )
    without = {
        hole.column
        for hole in finding.holes
        if hole.design_class == name and hole.kind is HoleKind.NO_DESIGN
    }
    if without >= set(range(len(grid.budgets))):
        larger = "wider" if name == "deq" else "deeper"
        return MissingRuns(
            f"no {name} of {k} members exists at these budgets",
            f"{larger} single networks as budgets, so that one exists",
        )
    return MissingRuns(f"no {name} was run", f"design={name}")
