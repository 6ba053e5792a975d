"""A comparison with everything that is derived from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.analysis.conditions import (
    describe_conditions,
    describe_seeds_and_rule,
    list_conditions,
)
from ensemble_switchover.analysis.design_table import split_designs, summarise_runs, tabulate_runs
from ensemble_switchover.analysis.switchover.coverage import measure_coverage
from ensemble_switchover.analysis.switchover.error_grid import ENSEMBLE_CLASSES, build_error_grid
from ensemble_switchover.analysis.switchover.hole import count_too_small, find_holes
from ensemble_switchover.analysis.switchover.pool_grid import pool_intervals
from ensemble_switchover.analysis.switchover.sensitivity import describe_sensitivity, vary_rule
from ensemble_switchover.analysis.switchover.threshold import find_threshold
from ensemble_switchover.analysis.switchover.wording import describe_outcome, describe_threshold
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.hole import GridHole
    from ensemble_switchover.analysis.switchover.pool_grid import PoolReader
    from ensemble_switchover.analysis.switchover.sensitivity import Variant
    from ensemble_switchover.analysis.switchover.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Finding:
    """A comparison with everything that is derived from it."""

    comparison: Comparison
    grid: ErrorGrid
    thresholds: dict[DesignClassName, Threshold]
    variants: dict[DesignClassName, list[Variant]]
    """The switchover under other rules, by ensemble class."""
    holes: list[GridHole]
    runs: pl.DataFrame
    summary: pl.DataFrame
    conditions: str
    """Seeds, budget rule, device, execution and precision of all runs, in one line."""
    seeds_and_rule: str
    """Seeds and budget rule of all runs, in one line."""
    listed_conditions: tuple[tuple[str, str], ...]
    """Data, recipe, machine and versions as pairs of name and value."""
    left_out_of_pools: dict[str, str] = field(default_factory=dict)
    """Run and file of predictions that are in no pool -> why."""

    @property
    def measure(self) -> str:
        """Name of the error: `test error` or `validation error`."""
        return self.comparison.setting.measure

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence for each ensemble class: where it switches over."""
        if self.comparison.source is None:
            return ("There are single networks only, so there is nothing to compare.",)
        return tuple(
            describe_threshold(threshold, self.measure) for threshold in self.thresholds.values()
        )

    @property
    def sensitivity(self) -> tuple[str, ...]:
        """One sentence for each compared ensemble class: the switchover under other rules."""
        return tuple(
            describe_sensitivity(threshold, self.variants[name])
            for name, threshold in self.thresholds.items()
            if threshold.pair_counts is not None
        )

    @property
    def headline(self) -> str:
        """The outcomes in a few words."""
        if self.comparison.source is None:
            return "single networks only"
        return "; ".join(describe_outcome(threshold) for threshold in self.thresholds.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks that a reader of the summary needs."""
        return (
            *_note_conditions(self.summary, self.measure),
            *_note_disturbances(self.runs),
            *_note_pools(self.thresholds),
            *_note_left_out(self.left_out_of_pools),
            *_note_flags(self.runs),
            *_note_not_finite(self.grid, self.measure),
        )

    def summary_values(self) -> dict[str, Any]:
        """Return the comparison, its thresholds and its holes as plain values for programs."""
        setting = self.comparison.setting
        return {
            "label": self.comparison.label,
            "setting": dict(setting.details),
            "family": setting.family,
            "dataset": setting.dataset,
            "k": self.comparison.k,
            "source": self.comparison.source,
            "num_runs": self.runs.height,
            "seeds": sorted(self.grid.seeds()),
            "thresholds": [
                _threshold_values(threshold, self.variants[name], self.measure)
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


def derive_finding(comparison: Comparison, reader: PoolReader | None = None) -> Finding:
    """Derive the grid, the switchovers, the tables and the notes of a comparison.

    Args:
        comparison: The runs.
        reader: Reads pools of members; they then decide the cells that they cover.
    """
    grid = build_error_grid(comparison.records)
    runs = tabulate_runs(comparison.records)
    classes = () if comparison.source is None else ENSEMBLE_CLASSES
    holes = find_holes(comparison, grid)
    thresholds = {}
    for name in classes:
        pools = pool_intervals(grid, name, reader) if reader else None
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
        left_out_of_pools=dict(reader.left_out) if reader else {},
    )


def _threshold_values(
    threshold: Threshold, variants: Sequence[Variant], measure: str
) -> dict[str, Any]:
    return {
        "ensemble_class": threshold.ensemble_class,
        "outcome": threshold.outcome.value,
        "budget_parameters": threshold.budget,
        "epoch": threshold.epoch,
        "budgets_parameters": threshold.budgets,
        "last_epoch": threshold.epochs[-1],
        "boundary_epochs": threshold.boundary_epochs,
        "earliest_budget_parameters": threshold.earliest_budget,
        "earliest_epoch": threshold.earliest_epoch,
        "confidence": threshold.confidence,
        "margin_points": threshold.margin,
        "num_cells_by_pools": threshold.num_pool_cells,
        "coverage": asdict(measure_coverage(threshold)),
        "sensitivity": [asdict(variant) for variant in variants],
        "sentence": describe_threshold(threshold, measure),
    }


def _note_conditions(summary: pl.DataFrame, measure: str) -> list[str]:
    split = split_designs(summary)
    if not split:
        return []
    return [
        f"{count(split, 'design')} ran under several conditions, with one row for each: seconds, "
        "latencies and bytes under different conditions are never averaged. The switchover uses "
        f"the {measure}s of all of them."
    ]


def _note_disturbances(runs: pl.DataFrame) -> list[str]:
    disturbed = int(runs["disturbed"].sum())
    if not disturbed:
        return []
    return [
        f"{disturbed} of {count(runs.height, 'run')} shared the device or were slowed down by its "
        "temperature while they were timed (column `disturbed` of runs.csv)."
    ]


def _note_pools(thresholds: Mapping[DesignClassName, Threshold]) -> list[str]:
    notes = []
    for name, threshold in thresholds.items():
        num_cells = len(threshold.budgets) * len(threshold.epochs)
        if 0 < threshold.num_pool_cells < num_cells:
            notes.append(
                f"Pools of members decide {threshold.num_pool_cells} of the {num_cells} cells of "
                f"{name}. The t interval over seeds decides the others, for which no predictions "
                "were kept (record.predictions=all keeps all)."
            )
    return notes


def _note_left_out(left_out: Mapping[str, str]) -> list[str]:
    if not left_out:
        return []
    told = name_first_few([f"{name} ({reason})" for name, reason in left_out.items()])
    return [f"No pool has the members of {count(len(left_out), 'file')} of predictions: {told}."]


def _note_flags(runs: pl.DataFrame) -> list[str]:
    flagged = runs.filter(runs["flags"] != "")
    if flagged.is_empty():
        return []
    told = name_first_few([f"{name} ({flags})" for name, flags in flagged["name", "flags"].rows()])
    return [
        f"{flagged.height} of {count(runs.height, 'run')} {_be(flagged.height)} flagged (column "
        f"`flags` of runs.csv) and in every number: {told}."
    ]


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _note_not_finite(grid: ErrorGrid, measure: str) -> list[str]:
    if not grid.not_finite:
        return []
    runs = name_first_few(grid.not_finite)
    return [f"The {measure} of some epochs is not finite and is left out: {runs}."]
