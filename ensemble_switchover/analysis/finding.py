"""One comparison and all that is derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.error_grid import ENSEMBLE_CLASSES, build_error_grid
from ensemble_switchover.analysis.hole import find_holes
from ensemble_switchover.analysis.sentence import describe_outcome, describe_threshold
from ensemble_switchover.analysis.table import split_designs, summarise_runs, tabulate_runs
from ensemble_switchover.analysis.threshold import find_threshold
from ensemble_switchover.terminal import count

if TYPE_CHECKING:
    import polars as pl

    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.hole import Hole
    from ensemble_switchover.analysis.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison and all that is derived from it."""

    comparison: Comparison
    grid: ErrorGrid
    thresholds: dict[DesignClassName, Threshold]
    holes: list[Hole]
    runs: pl.DataFrame
    summary: pl.DataFrame

    @property
    def measure(self) -> str:
        """What the error is called: `test error` or `validation error`."""
        return self.comparison.setting.measure

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence per ensemble class."""
        if self.comparison.source is None:
            return ("There are single networks only, so there is nothing to compare yet.",)
        return tuple(
            describe_threshold(threshold, self.measure) for threshold in self.thresholds.values()
        )

    @property
    def headline(self) -> str:
        """The sentences in a few words."""
        if self.comparison.source is None:
            return "single networks only"
        return "; ".join(describe_outcome(threshold) for threshold in self.thresholds.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the summary has to know beside it."""
        split = split_designs(self.summary)
        if not split:
            return ()
        return (
            f"{count(split, 'design')} ran under several conditions and so has a row for each: "
            "seconds, latencies and bytes of different conditions are never averaged. The "
            f"switchover uses the {self.measure}s of all of them.",
        )

    def summary_values(self) -> dict[str, Any]:
        """Return what a program reads: the comparison, its thresholds and its holes."""
        return {
            "label": self.comparison.label,
            "setting": dict(self.comparison.setting.details),
            "family": self.comparison.setting.family,
            "dataset": self.comparison.setting.dataset,
            "k": self.comparison.k,
            "source": self.comparison.source,
            "num_runs": len(self.comparison.records),
            "seeds": sorted(self.grid.seeds()),
            "thresholds": [
                {
                    "ensemble_class": name,
                    "outcome": threshold.outcome.value,
                    "budget_parameters": threshold.budget,
                    "epoch": threshold.epoch,
                    "budgets_parameters": threshold.budgets,
                    "last_epoch": threshold.epochs[-1],
                    "staircase_epochs": threshold.staircase,
                    "confidence": threshold.confidence,
                    "sentence": describe_threshold(threshold, self.measure),
                }
                for name, threshold in self.thresholds.items()
            ],
            "holes": [
                {
                    "design_class": hole.design_class,
                    "budget_parameters": hole.budget.parameters,
                    "kind": hole.kind.value,
                    "reason": hole.reason,
                }
                for hole in self.holes
            ],
        }


def derive_finding(comparison: Comparison) -> Finding:
    """Derive everything that is said of a comparison."""
    grid = build_error_grid(comparison.records)
    runs = tabulate_runs(comparison.records)
    classes = () if comparison.source is None else ENSEMBLE_CLASSES
    return Finding(
        comparison=comparison,
        grid=grid,
        thresholds={name: find_threshold(grid, name) for name in classes},
        holes=find_holes(comparison, grid),
        runs=runs,
        summary=summarise_runs(runs),
    )
