"""How well an earlier epoch, or a smaller budget, forecasts the digits' last one.

Over epochs, the mean difference of every ensemble from its single network after each epoch is
carried forward to the last: how often has it the sign that the last epoch's difference has? Over
budgets, the error of the largest is forecast by that of the largest but one, and by a power law
through all the others. Collapsed runs are left out unless `--keep-collapsed` is given. `python -m
benchmarks.carrying_forward` reads the records that this package ships, or those of a folder;
nothing is drawn, so the same records give the same numbers.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import MIN_SEEDS, DecisionRule
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import read_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.finding import Finding

LEAST_BUDGETS = 4
"""Series with fewer budgets are not forecast over budgets."""
STANDARD_ERRORS = 2.0
"""Differences of more standard errors than this are counted apart."""

ErrorCurve: TypeAlias = list[tuple[int, float]]
"""Parameters and mean error in percent, ascending in parameters."""


@dataclass(frozen=True)
class DifferenceCurve:
    """The difference of an ensemble and its single network at one budget, epoch by epoch."""

    means: NDArray[np.float64]
    """Mean error of the ensemble minus that of the single network, in percentage points, `(E,)`."""
    standard_errors: NDArray[np.float64]
    """Of these differences, as of two independent samples."""


def difference_curves(findings: Sequence[Finding]) -> list[DifferenceCurve]:
    """Return the differences of every ensemble class, k and budget that are compared."""
    curves = []
    for finding in findings:
        grid = finding.grid
        for name in finding.thresholds:
            for column in range(len(grid.budgets)):
                samples = [
                    np.array(list(grid.seed_curves(design, column).values()))
                    for design in (name, "single")
                ]
                if all(len(sample) >= MIN_SEEDS for sample in samples):
                    ensemble, single = samples
                    squared = sum(s.var(axis=0, ddof=1) / len(s) for s in samples)
                    means = ensemble.mean(axis=0) - single.mean(axis=0)
                    curves.append(DifferenceCurve(means, np.sqrt(squared)))
    return curves


def error_curves(findings: Sequence[Finding]) -> dict[str, ErrorCurve]:
    """Return the mean errors after the last epoch over budgets, of every class, k and family."""
    curves: dict[str, ErrorCurve] = {}
    for finding in findings:
        grid = finding.grid
        for name in ("single", "deq", "weq"):
            errors = [
                grid.mean_error(name, c, len(grid.epochs) - 1) for c in range(len(grid.budgets))
            ]
            curve = [
                (budget.parameters, error)
                for budget, error in zip(grid.budgets, errors, strict=True)
                if error is not None
            ]
            members = "" if name == "single" else f" k={grid.k}"
            if len(curve) >= LEAST_BUDGETS:
                curves[f"{finding.comparison.setting_label}: {name}{members}"] = curve
    return curves


def power_law(known: ErrorCurve, parameters: int) -> float:
    """Forecast an error by a straight line in the logarithms of error and parameters.

    >>> round(power_law([(100, 10.0), (200, 5.0)], 400), 6)
    2.5
    """
    logarithms = np.log(np.array(known))
    slope, intercept = np.polyfit(logarithms[:, 0], logarithms[:, 1], 1)
    return float(math.exp(intercept + slope * math.log(parameters)))


def print_over_epochs(findings: Sequence[Finding]) -> None:
    """Print how well each epoch's difference carries forward to the last."""
    curves = difference_curves(findings)
    means = np.array([curve.means for curve in curves])
    clear = np.abs(means) > STANDARD_ERRORS * np.array([curve.standard_errors for curve in curves])
    last = means[:, -1]
    drops = [epoch for epoch, _ in findings[0].comparison.records[0].recipe.drops]
    print(
        f"{len(curves)} differences, the ensemble better after the last epoch in "
        f"{int((last < 0).sum())}; the learning rate drops after epochs {drops}"
    )
    print(
        "| after epoch | same winner | r | RMSE, points | beyond 2 standard errors: same winner |"
    )
    print("|---|---|---|---|---|")
    for row, epoch in enumerate(findings[0].grid.epochs[:-1]):
        same = np.sign(means[:, row]) == np.sign(last)
        correlation = float(np.corrcoef(means[:, row], last)[0, 1])
        rmse = float(np.sqrt(np.mean((means[:, row] - last) ** 2)))
        print(
            f"| {epoch} | {int(same.sum())} of {len(curves)} | {correlation:.2f} | {rmse:.2f} | "
            f"{int(same[clear[:, row]].sum())} of {int(clear[:, row].sum())} |"
        )


def print_over_budgets(findings: Sequence[Finding]) -> None:
    """Print how well the largest budgets are forecast from the others."""
    curves = error_curves(findings)
    for held_out in (1, 2):
        misses: dict[str, list[float]] = {"power law": [], "the largest known budget": []}
        for curve in curves.values():
            known = curve[:-held_out]
            parameters, error = curve[-1]
            misses["power law"].append(power_law(known, parameters) - error)
            misses["the largest known budget"].append(known[-1][1] - error)
        told = ", ".join(
            f"{name} {math.sqrt(fmean(miss**2 for miss in each)):.2f} (mean {fmean(each):+.2f})"
            for name, each in misses.items()
        )
        print(f"{len(curves)} series, {held_out} budget(s) held out, RMSE in points: {told}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="default: the digits as shipped")
    parser.add_argument("--keep-collapsed", action="store_true")
    given = parser.parse_args()
    rule = DecisionRule(keep_collapsed=given.keep_collapsed)
    with tempfile.TemporaryDirectory() as results:
        folder = given.folder or unpack_study("digits", results)
        records = read_records(folder).records
    findings = [derive_finding(comparison, rule) for comparison in group_comparisons(records)]
    print_over_epochs(findings)
    print_over_budgets(findings)


if __name__ == "__main__":
    main()
