"""One comparison and all that is derived from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.analysis.conditions import (
    describe_conditions,
    describe_seeds_and_rule,
    list_conditions,
)
from ensemble_switchover.analysis.switchover.coverage import measure_coverage
from ensemble_switchover.analysis.switchover.error_grid import ENSEMBLE_CLASSES, build_error_grid
from ensemble_switchover.analysis.switchover.hole import count_too_small, find_holes
from ensemble_switchover.analysis.switchover.pool_grid import pool_intervals
from ensemble_switchover.analysis.switchover.sensitivity import describe_sensitivity, vary_rule
from ensemble_switchover.analysis.switchover.threshold import find_threshold
from ensemble_switchover.analysis.switchover.wording import describe_outcome, describe_threshold
from ensemble_switchover.analysis.table import split_designs, summarise_runs, tabulate_runs
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    import polars as pl

    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.hole import GridHole
    from ensemble_switchover.analysis.switchover.pool_grid import PoolReader
    from ensemble_switchover.analysis.switchover.sensitivity import Variant
    from ensemble_switchover.analysis.switchover.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison and all that is derived from it."""

    comparison: Comparison
    grid: ErrorGrid
    thresholds: dict[DesignClassName, Threshold]
    variants: dict[DesignClassName, list[Variant]]
    """The switchover under other rules."""
    holes: list[GridHole]
    runs: pl.DataFrame
    summary: pl.DataFrame
    conditions: str
    """Seeds, rule, device, execution and precision of all runs, in one line."""
    seeds_and_rule: str
    """The first two of them."""
    listed_conditions: tuple[tuple[str, str], ...]
    """Name and value: data, recipe, machine, versions."""

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
    def sensitivity(self) -> tuple[str, ...]:
        """One line per ensemble class that has something to compare: other rules, other answers."""
        return tuple(
            describe_sensitivity(threshold, self.variants[name])
            for name, threshold in self.thresholds.items()
            if threshold.pair_counts is not None
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
        notes = []
        split = split_designs(self.summary)
        if split:
            notes.append(
                f"{count(split, 'design')} ran under several conditions, with a row for each: "
                "seconds, latencies and bytes of different conditions are never averaged. The "
                f"switchover uses the {self.measure}s of all of them."
            )
        disturbed = int(self.runs["disturbed"].sum())
        if disturbed:
            notes.append(
                f"{disturbed} of {count(self.runs.height, 'run')} shared the device, or were "
                "slowed down by its temperature, while they were timed: `disturbed` in runs.csv."
            )
        for name, threshold in self.thresholds.items():
            num_cells = len(threshold.budgets) * len(threshold.epochs)
            if 0 < threshold.num_pool_cells < num_cells:
                notes.append(
                    f"Pools of members judge {threshold.num_pool_cells} of the {num_cells} cells "
                    f"of {name}; the t interval over seeds judges the others, of which no "
                    "predictions were kept (record.predictions=all keeps all)."
                )
        if self.grid.not_finite:
            notes.append(
                f"The {self.measure} of an epoch is no finite number and so no sample: "
                f"{name_first_few(self.grid.not_finite)}."
            )
        return tuple(notes)

    def summary_values(self) -> dict[str, Any]:
        """Return what a program reads: the comparison, its thresholds and its holes."""
        return {
            "label": self.comparison.label,
            "setting": dict(self.comparison.setting.details),
            "family": self.comparison.setting.family,
            "dataset": self.comparison.setting.dataset,
            "k": self.comparison.k,
            "source": self.comparison.source,
            "num_runs": self.runs.height,
            "seeds": sorted(self.grid.seeds()),
            "thresholds": [
                {
                    "ensemble_class": name,
                    "outcome": threshold.outcome.value,
                    "budget_parameters": threshold.budget,
                    "epoch": threshold.epoch,
                    "budgets_parameters": threshold.budgets,
                    "last_epoch": threshold.epochs[-1],
                    "staircase_epochs": threshold.boundary_epochs,
                    "earliest_budget_parameters": threshold.earliest_budget,
                    "earliest_epoch": threshold.earliest_epoch,
                    "confidence": threshold.confidence,
                    "margin_points": threshold.margin,
                    "num_cells_by_pools": threshold.num_pool_cells,
                    "coverage": asdict(measure_coverage(threshold)),
                    "sensitivity": [asdict(variant) for variant in self.variants[name]],
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


def derive_finding(comparison: Comparison, read_pool: PoolReader | None = None) -> Finding:
    """Derive everything that is said of a comparison.

    Args:
        comparison: The runs.
        read_pool: Gives pools of members, which then judge the cells that they tell.
    """
    grid = build_error_grid(comparison.records)
    runs = tabulate_runs(comparison.records)
    classes = () if comparison.source is None else ENSEMBLE_CLASSES
    holes = find_holes(comparison, grid)
    thresholds = {}
    for name in classes:
        pools = pool_intervals(grid, name, read_pool) if read_pool else None
        num_too_small = count_too_small(holes, name)
        thresholds[name] = find_threshold(grid, name, pools=pools, num_too_small=num_too_small)
    return Finding(
        comparison=comparison,
        grid=grid,
        thresholds=thresholds,
        variants={name: vary_rule(threshold) for name, threshold in thresholds.items()},
        holes=holes,
        runs=runs,
        summary=summarise_runs(runs),
        conditions=describe_conditions(comparison.records),
        seeds_and_rule=describe_seeds_and_rule(comparison.records),
        listed_conditions=tuple(list_conditions(comparison.records)),
    )
