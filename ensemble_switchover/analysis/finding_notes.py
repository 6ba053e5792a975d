"""Remarks on a comparison that a reader of its numbers needs."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.collapse import LIMIT
from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.analysis.design_table import split_designs
from ensemble_switchover.config.schema import EVERY_EPOCH
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.ece_bins import largest_ece_excess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.threshold import Threshold
    from ensemble_switchover.results.record import Record


def note_collapsed(collapsed: Sequence[str], rule: DecisionRule) -> list[str]:
    """Name the collapsed runs, and say whether errors have them."""
    if not collapsed:
        return []
    are = "is" if len(collapsed) == 1 else "are"
    plural = rule.quality.plural
    where = f"{are} in every number" if rule.keep_collapsed else f"{are} left out of the {plural}"
    return [
        f"{count(len(collapsed), 'run')} collapsed (an error more than {LIMIT:g} robust standard "
        f"deviations above the median of its cell) and {where}: {name_first_few(collapsed)}."
    ]


def note_conditions(summary: pl.DataFrame, measure: str) -> list[str]:
    """Say how many designs ran under several conditions."""
    split = split_designs(summary)
    if not split:
        return []
    return [
        f"{count(split, 'design')} ran under several conditions, with one row for each: seconds, "
        "latencies and bytes under different conditions are never averaged. The switchover uses "
        f"the {measure}s of all of them."
    ]


def note_disturbances(runs: pl.DataFrame) -> list[str]:
    """Count the runs that shared or slowed down the device while they were timed."""
    disturbed = int(runs["disturbed"].sum())
    if not disturbed:
        return []
    return [
        f"{disturbed} of {count(runs.height, 'run')} shared the device or were slowed down by its "
        "temperature while they were timed (column disturbed of runs.csv)."
    ]


def note_ece(records: Sequence[Record]) -> list[str]:
    """Say of how many runs the ECE after the last epoch may be too high, and by how much."""
    excesses = [
        largest_ece_excess(record.epochs[-1], record.dataset.num_evaluated) for record in records
    ]
    doubtful = [excess for excess in excesses if excess]
    if not doubtful:
        return []
    return [
        f"The ECE of {len(doubtful)} of {count(len(records), 'run')} may be too high, by "
        f"{max(doubtful):.3f} at most (in the median run by {median(doubtful):.3f}): their records "
        "are of before confidences of exactly 1 were counted in the last bin (column ece_bins of "
        "runs.csv); results --recompute-quality computes it again where predictions were kept."
    ]


def note_evaluations(runs: pl.DataFrame, grid: ErrorGrid) -> list[str]:
    """Say what follows from runs that were not evaluated after every epoch."""
    asked = runs["evaluate_every"].unique().sort().to_list()
    if asked == [EVERY_EPOCH]:
        return []
    after = f"after {len(grid.epochs)} of {count(grid.epochs[-1], 'epoch')}"
    if len(asked) == 1:
        return [
            f"Runs were evaluated {after} (evaluate_every={asked[0]}): other epochs are in no "
            f"curve and no grid, and a switchover or a time to accuracy may be of an epoch up to "
            f"{_longest_gap(grid.epochs) - 1} earlier."
        ]
    told = ", ".join(f"evaluate_every={every}" for every in asked)
    return [
        f"Runs were evaluated after different epochs ({told}). Their errors are compared {after}, "
        f"which all of them share; times to accuracy, and the lowest errors that are their "
        f"targets, only where evaluate_every is the same."
    ]


def note_stopped(records: Sequence[Record], grid: ErrorGrid) -> list[str]:
    """Say what follows from runs that a callback ended before the last epoch of their recipe."""
    stopped = [
        record.name
        for record in records
        if record.config.get("callbacks") and len(record.epochs) < record.recipe.epochs
    ]
    if not stopped:
        return []
    return [
        f"{len(stopped)} of {count(len(records), 'run')} stopped early (callbacks=): curves, grids "
        f"and the switchover are of the epochs that all runs have, the last of them "
        f"{grid.epochs[-1]}; tables have the last error of each run: {name_first_few(stopped)}."
    ]


def _longest_gap(epochs: Sequence[int]) -> int:
    return max(after - before for before, after in pairwise([0, *epochs]))


def note_schedule(schedule: str | None) -> list[str]:
    """Say what follows from schedules that were shortened, by the clause that says so."""
    if schedule is None:
        return []
    return [f"All errors are those {schedule}; which design wins may depend on that."]


def note_pools(thresholds: Mapping[DesignClassName, Threshold]) -> list[str]:
    """Say which cells pools of members decide, where seeds decide others."""
    notes = []
    for name, threshold in thresholds.items():
        num_cells = len(threshold.budgets) * len(threshold.epochs)
        if 0 < threshold.num_pool_cells < num_cells:
            notes.append(
                f"Pools of members decide {threshold.num_pool_cells} of the {num_cells} cells of "
                f"{name}. Seeds decide the others, for which no predictions "
                "were kept (record.predictions=all keeps all)."
            )
    return notes


def note_left_out(left_out: Mapping[str, str]) -> list[str]:
    """Name the files of predictions that are in no pool, and why."""
    if not left_out:
        return []
    told = name_first_few([f"{name} ({reason})" for name, reason in left_out.items()])
    return [f"No pool has the members of {count(len(left_out), 'file')} of predictions: {told}."]


def note_flags(runs: pl.DataFrame, collapsed: Sequence[str], rule: DecisionRule) -> list[str]:
    """Name the flagged runs (`results.flags`)."""
    flagged = runs.filter(runs["flags"] != "")
    if flagged.is_empty():
        return []
    told = name_first_few([f"{name} ({flags})" for name, flags in flagged["name", "flags"].rows()])
    are = "is" if flagged.height == 1 else "are"
    but = ""
    if not rule.keep_collapsed and not set(collapsed).isdisjoint(flagged["name"]):
        but = " but the errors of those that collapsed"
    return [
        f"{flagged.height} of {count(runs.height, 'run')} {are} flagged (column flags of "
        f"runs.csv) and in every number{but}: {told}."
    ]


def note_last_epoch_only(grid: ErrorGrid, errors: ErrorGrid, compared: str) -> list[str]:
    """Say that what is compared is known after fewer epochs than the errors are."""
    if len(grid.epochs) == len(errors.epochs):
        return []
    rows = count(len(grid.epochs), "row")
    known = f"after {count(len(grid.epochs), 'epoch')} of {len(errors.epochs)}"
    if grid.epochs == errors.epochs[-1:]:
        known = "after the last epoch only"
    return [
        f"The {compared} of all runs is known {known}, so the grid has {rows} of epochs, and no "
        "switchover is sought at others."
    ]


def note_not_finite(grid: ErrorGrid, measure: str) -> list[str]:
    """Name the runs with errors, or other losses that are compared, that are not finite."""
    if not grid.not_finite:
        return []
    runs = name_first_few(grid.not_finite)
    return [f"The {measure} of some epochs is not finite and is left out: {runs}."]
