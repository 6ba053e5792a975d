"""A comparison with everything that is derived from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.cascade.cascade_table import RunCascades, tabulate_cascades
from ensemble_switchover.analysis.collapse import find_collapsed
from ensemble_switchover.analysis.conditions import (
    describe_conditions,
    describe_seeds_and_rule,
    list_conditions,
)
from ensemble_switchover.analysis.confusion_series import confusion_series
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, describe_interval_scope
from ensemble_switchover.analysis.design_table import summarise_runs, tabulate_runs
from ensemble_switchover.analysis.finding_notes import (
    note_collapsed,
    note_conditions,
    note_disturbances,
    note_ece,
    note_evaluations,
    note_flags,
    note_last_epoch_only,
    note_left_out,
    note_not_finite,
    note_pools,
    note_schedule,
    note_stopped,
)
from ensemble_switchover.analysis.shortened_schedule import describe_shortened
from ensemble_switchover.analysis.switchover.coverage import measure_coverage
from ensemble_switchover.analysis.switchover.error_grid import ENSEMBLE_CLASSES, build_error_grid
from ensemble_switchover.analysis.switchover.hole import count_too_small, find_holes
from ensemble_switchover.analysis.switchover.image_grid import compare_images
from ensemble_switchover.analysis.switchover.image_verdict import image_values, judge_with_images
from ensemble_switchover.analysis.switchover.image_wording import (
    describe_with_images,
    note_images,
)
from ensemble_switchover.analysis.switchover.pool_grid import pool_intervals
from ensemble_switchover.analysis.switchover.sensitivity import (
    describe_sensitivity,
    list_rules,
    vary_rule,
)
from ensemble_switchover.analysis.switchover.threshold import find_threshold
from ensemble_switchover.analysis.switchover.wording import describe_outcome, describe_threshold
from ensemble_switchover.analysis.unlike_times import note_unlike_times
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.hole import GridHole
    from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
    from ensemble_switchover.analysis.switchover.image_verdict import ImageVerdict
    from ensemble_switchover.analysis.switchover.pool_grid import PoolReader
    from ensemble_switchover.analysis.switchover.sensitivity import Variant
    from ensemble_switchover.analysis.switchover.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Finding:
    """A comparison with everything that is derived from it."""

    comparison: Comparison
    grid: ErrorGrid
    """What is compared: the errors, or the losses of another metric."""
    errors: ErrorGrid
    """The errors, whatever is compared: `grid` itself where they are."""
    thresholds: dict[DesignClassName, Threshold]
    variants: dict[DesignClassName, list[Variant]]
    """The switchover under other rules, by ensemble class."""
    rule: DecisionRule
    """How errors are compared."""
    collapsed: tuple[str, ...]
    """Names of the collapsed runs."""
    otherwise: dict[DesignClassName, Threshold]
    """The thresholds with the collapsed runs in, or without them if the rule keeps them; empty
    where none collapsed."""
    holes: list[GridHole]
    runs: pl.DataFrame
    summary: pl.DataFrame
    conditions: str
    """Seeds, budget rule, device, execution and precision of all runs, in one line."""
    seeds_and_rule: str
    """Seeds and budget rule of all runs, in one line."""
    confusions: pl.DataFrame
    """Which classes are taken for which (`analysis.confusion_series`), by the runs in means."""
    num_classes: int
    """Classes of the data set."""
    num_images: int
    """Images that every run was evaluated on."""
    stopped_notes: tuple[str, ...]
    """Which runs ended before their last epoch."""
    ece_notes: tuple[str, ...]
    """How far calibration errors of before may be wrong."""
    listed_conditions: tuple[tuple[str, str], ...]
    """Data, recipe, machine and versions as pairs of name and value."""
    left_out_of_pools: dict[str, str] = field(default_factory=dict)
    """Run and file of predictions that are in no pool -> why."""
    image_verdicts: dict[DesignClassName, ImageVerdict] = field(default_factory=dict)
    """The switchovers with the sampling of the images in, where predictions were kept."""
    schedule: str | None = None
    """That the schedules of runs were shortened, in a clause; None where they were not."""
    image_notes: tuple[str, ...] = ()
    """Which predictions are missing or cannot be used."""
    cascades: RunCascades = field(default_factory=RunCascades)
    """The ensembles with early exit; empty where nothing was read of them."""

    @property
    def measure(self) -> str:
        """Name of the error: `test error` or `validation error`."""
        return self.comparison.setting.measure

    @property
    def compared(self) -> str:
        """Name of what is compared, such as `test error` or `test NLL`."""
        return self.rule.quality.measure_on(self.comparison.setting.evaluated_on)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence for each ensemble class: where it switches over."""
        if self.comparison.source is None:
            return ("There are single networks only, so there is nothing to compare.",)
        return tuple(
            sentence
            for name, threshold in self.thresholds.items()
            for sentence in (
                describe_threshold(threshold, self.compared),
                *self._describe_otherwise(name),
                *self._describe_with_images(name),
            )
        )

    @property
    def interval_scope(self) -> str:
        """What the intervals over seeds cover, in a sentence."""
        return describe_interval_scope({self.comparison.setting.evaluated_on})

    def _describe_with_images(self, name: DesignClassName) -> tuple[str, ...]:
        """Describe the answer with the sampling of the images in, where it is known."""
        verdict = self.image_verdicts.get(name)
        if verdict is None:
            return ()
        return (describe_with_images(verdict, self.comparison.setting.evaluated_on),)

    def _describe_otherwise(self, name: DesignClassName) -> tuple[str, ...]:
        """Describe the answer with the collapsed runs in, or without if the rule keeps them."""
        threshold, other = self.thresholds[name], self.otherwise.get(name)
        if other is None or threshold.seed_counts is None:
            return ()
        how = "without" if self.rule.keep_collapsed else "with"
        number = count(len(self.collapsed), "collapsed run")
        outcome, same = describe_outcome(other), describe_outcome(threshold)
        told = f"{outcome}, the same" if outcome == same else outcome
        return (f"{how.capitalize()} {number} in the {self.rule.quality.plural}: {told}.",)

    @property
    def sensitivity(self) -> tuple[str, ...]:
        """One sentence for each compared ensemble class: the switchover under other rules."""
        return tuple(
            describe_sensitivity(threshold, self.variants[name])
            for name, threshold in self.thresholds.items()
            if threshold.seed_counts is not None
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
            *note_schedule(self.schedule),
            *note_conditions(self.summary, self.measure),
            *note_unlike_times(self.runs),
            *note_last_epoch_only(self.grid, self.errors, self.compared),
            *note_evaluations(self.runs, self.errors),
            *self.stopped_notes,
            *note_disturbances(self.runs),
            *self.ece_notes,
            *note_pools(self.thresholds),
            *note_left_out(self.left_out_of_pools),
            *note_collapsed(self.collapsed, self.rule),
            *note_flags(self.runs, self.collapsed, self.rule),
            *note_not_finite(self.grid, self.compared),
            *((self.interval_scope,) if self.thresholds else ()),
            *self.image_notes,
            *self.cascades.notes,
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
            "rule": asdict(self.rule),
            "collapsed": list(self.collapsed),
            "thresholds": [
                _threshold_values(threshold, self.variants[name], self.compared)
                | {
                    "otherwise": _outcome_values(self.otherwise.get(name)),
                    "with_images": image_values(self.image_verdicts.get(name), threshold),
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


def derive_finding(
    comparison: Comparison,
    rule: DecisionRule = DEFAULT_RULE,
    make_reader: Callable[[Comparison, frozenset[RunKey]], PoolReader] | None = None,
    image_reader: ImageErrorReader | None = None,
    folders: Mapping[RunKey, Path] | None = None,
) -> Finding:
    """Derive the grid, the switchovers, the tables and the notes of a comparison.

    Args:
        comparison: The runs.
        rule: How designs are compared, and by which metric, which the runs have.
        make_reader: Makes a reader of pools of members, which then decide the cells that they
            cover, from the comparison and the runs to leave out. Pools are of errors only.
        image_reader: Reads on which images runs err, for the answer with the sampling of the images
            in. There is one beside Welch's intervals of errors over seeds only.
        folders: The folder of every run, by its study and name, for the cascades of ensembles;
            without them nothing is told of early exit.
    """
    metric = rule.quality
    make_reader = make_reader if metric.is_error else None
    image_reader = image_reader if metric.is_error else None
    collapsed = find_collapsed(comparison.records)
    keep = rule.keep_collapsed
    treatments = {keep: frozenset() if keep else collapsed}
    if collapsed:
        treatments[not keep] = collapsed if keep else frozenset()
    left_out = treatments[keep]
    grids = {
        kept: build_error_grid(comparison.records, out, metric) for kept, out in treatments.items()
    }
    grid = grids[keep]
    errors = grid if metric.is_error else build_error_grid(comparison.records, left_out)
    readers: dict[bool, PoolReader] = {}
    if make_reader:
        readers = {kept: make_reader(comparison, out) for kept, out in treatments.items()}
    runs = tabulate_runs(comparison.records, left_out)
    classes = () if comparison.source is None else ENSEMBLE_CLASSES
    holes = find_holes(comparison, grid)
    rules = list_rules(rule, has_collapsed=bool(collapsed))
    thresholds, variants, otherwise = {}, {}, {}
    image_grids, image_verdicts = [], {}
    used = [record for record in comparison.records if (record.study, record.name) not in left_out]
    for name in classes:
        pools = {
            kept: pool_intervals(grids[kept], name, reader, rule.confidence)
            for kept, reader in readers.items()
        }
        num_too_small = count_too_small(holes, name)
        thresholds[name] = find_threshold(grid, name, rule, pools.get(keep), num_too_small)
        variants[name] = vary_rule(grids, name, rules, pools=pools)
        if collapsed:
            other = replace(rule, keep_collapsed=not keep)
            otherwise[name] = find_threshold(
                grids[not keep], name, other, pools.get(not keep), num_too_small
            )
        if image_reader and not readers and rule.method == "welch":
            images = compare_images(grid, used, name, image_reader)
            image_grids.append(images)
            verdict = judge_with_images(thresholds[name], images, num_too_small)
            if verdict is not None:
                image_verdicts[name] = verdict
    return Finding(
        comparison=comparison,
        grid=grid,
        errors=errors,
        thresholds=thresholds,
        variants=variants,
        rule=rule,
        collapsed=tuple(sorted(name for _, name in collapsed)),
        otherwise=otherwise,
        holes=holes,
        runs=runs,
        summary=summarise_runs(runs),
        conditions=describe_conditions(comparison.records),
        seeds_and_rule=describe_seeds_and_rule(comparison.records),
        listed_conditions=tuple(list_conditions(comparison.records)),
        confusions=confusion_series(used),
        num_classes=comparison.records[0].dataset.num_classes,
        num_images=comparison.records[0].dataset.num_evaluated,
        stopped_notes=tuple(note_stopped(comparison.records, errors)),
        ece_notes=tuple(note_ece(comparison.records)),
        left_out_of_pools=dict(readers[keep].left_out) if readers else {},
        image_verdicts=image_verdicts,
        schedule=describe_shortened(comparison.records),
        image_notes=note_images(image_grids, comparison.setting.evaluated_on),
        cascades=tabulate_cascades(comparison.records, folders) if folders else RunCascades(),
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
        "method": threshold.rule.method,
        "confidence": threshold.rule.confidence,
        f"margin_{threshold.rule.quality.unit.suffix}": threshold.rule.margin,
        "num_cells_by_pools": threshold.num_pool_cells,
        "coverage": asdict(measure_coverage(threshold)),
        "sensitivity": [asdict(variant) for variant in variants],
        "sentence": describe_threshold(threshold, measure),
    }


def _outcome_values(threshold: Threshold | None) -> dict[str, Any] | None:
    """Return the answer with the collapsed runs in, or without them if the rule keeps them."""
    if threshold is None:
        return None
    return {
        "keep_collapsed": threshold.rule.keep_collapsed,
        "outcome": threshold.outcome.value,
        "budget_parameters": threshold.budget,
        "epoch": threshold.epoch,
        "earliest_budget_parameters": threshold.earliest_budget,
    }
