"""The switchover in an English sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.decision_rule import INTERVAL_NAMES, MIN_SEEDS
from ensemble_switchover.analysis.shown_interval import show_interval
from ensemble_switchover.analysis.statistics import write_interval
from ensemble_switchover.analysis.switchover.class_names import spell_ensembles
from ensemble_switchover.analysis.switchover.threshold import ThresholdOutcome
from ensemble_switchover.analysis.switchover.verdict import Verdict
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from ensemble_switchover.analysis.switchover.threshold import Threshold


def describe_threshold(threshold: Threshold, measure: str) -> str:
    """Describe where the switchover lies, how certain it is, and the evidence for it.

    The text holds only numbers and the names of design classes, no names from records.

    Args:
        threshold: The switchover of one ensemble class.
        measure: Name of what is compared, such as `test error`.
    """
    named = spell_ensembles(threshold.ensemble_class)
    by = threshold.rule.quality.by_name
    subject = f"{threshold.ensemble_class} ({named}, k={threshold.k}){by}: "
    if threshold.seed_counts is None:
        return f"{subject}nothing to compare: {_why_empty(threshold)}."
    method = ""
    if threshold.outcome is ThresholdOutcome.FOUND:
        method = f"{threshold.rule.interval_name} over "
        if threshold.num_pool_cells:
            method = f"{100 * threshold.rule.confidence:g} % {threshold.interval_name}; "
    return f"{subject}{_finding(threshold, measure)} ({method}{describe_coverage(threshold)})."


def describe_outcome(threshold: Threshold) -> str:
    """Describe the outcome in a few words, for a headline."""
    name, by = threshold.ensemble_class, threshold.rule.quality.by_name
    if threshold.outcome is ThresholdOutcome.FOUND:
        where = "at or below" if threshold.budget == threshold.budgets[0] else "at"
        return f"{name} switches over{by} {where} {threshold.budget:,} parameters"
    if threshold.outcome is ThresholdOutcome.NOT_WITHIN:
        return f"{name} does not switch over{by} within the grid"
    if threshold.seed_counts is None:
        return f"{name} has nothing to compare"
    return f"{name} is undecided{by}"


def describe_coverage(threshold: Threshold) -> str:
    """Describe the seeds and budgets behind the answer."""
    seeds = "no seeds"
    if threshold.seed_counts is not None:
        fewest, most = threshold.seed_counts
        seeds = count(most, "seed") if fewest == most else f"{fewest} to {most} seeds"
    first, last = threshold.budgets[0], threshold.budgets[-1]
    reach = f"from {first:,} to {last:,} parameters" if first < last else f"of {first:,} parameters"
    budgets = f"{count(len(threshold.budgets), 'budget')} {reach}"
    holes = threshold.num_holes
    if holes:
        budgets += f", {holes} of them without a {threshold.ensemble_class} pair to compare"
    return f"{seeds}, {budgets}"


def _finding(threshold: Threshold, measure: str) -> str:
    last, rule, metric = threshold.last_cell, threshold.rule, threshold.rule.quality
    last_epoch = threshold.epochs[-1]
    if threshold.outcome is ThresholdOutcome.FOUND:
        below = "at or below" if threshold.budget == threshold.budgets[0] else "at"
        found = (
            f"the switchover lies {below} {threshold.budget:,} parameters "
            f"from epoch {threshold.epoch} of {last_epoch} on"
        )
        if threshold.earliest_budget != threshold.budget:
            low = (
                "at or below" if threshold.earliest_budget == threshold.budgets[0] else "as low as"
            )
            found += f", and may lie {low} {threshold.earliest_budget:,} parameters"
        return found
    where = f"at the largest budget after epoch {last_epoch}"
    if last.verdict is Verdict.HOLE:
        return f"undecided: there is no pair to compare {where}"
    if last.mean_difference is None:
        share = f"{where} the two designs share no seed"
        return f"undecided: {share}, so no {metric.plural} can be paired"
    difference = f"{where} its {measure} minus the single network's is "
    form = f"+.{metric.unit.brief_decimals}f"
    difference += f"{metric.shown_difference(last.mean_difference):{form}} "
    difference += metric.unit.of_difference
    if last.interval is None:
        why = rule.why_no_interval
        if last.fewest_seeds < MIN_SEEDS:
            paired = " in common" if threshold.rule.method == "paired_t" else ""
            fewest = count(last.fewest_seeds, "seed")
            why = f"it takes {MIN_SEEDS} seeds of both{paired}, and there are {fewest}"
            if last.fewest_seeds == 1:
                why = f"it takes {MIN_SEEDS} seeds of both{paired}, and there is 1 seed"
        return f"undecided, because {why}: {difference}"
    name = "interval over pools of members" if last.by_pools else INTERVAL_NAMES[rule.method]
    difference += f", {write_interval(show_interval(last.interval, metric), form, name)}"
    if threshold.outcome is ThresholdOutcome.NOT_WITHIN:
        return f"no switchover within the grid: {difference}"
    return f"undecided: {difference}"


def _why_empty(threshold: Threshold) -> str:
    budgets = "the only budget" if len(threshold.budgets) == 1 else "none of the budgets"
    has = "lacks" if len(threshold.budgets) == 1 else "has"
    return (
        f"{budgets} {has} both a single network and a {threshold.ensemble_class} ensemble of "
        f"{threshold.k} members"
    )
