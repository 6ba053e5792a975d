"""Tables for people: switchovers with their evidence, sensitivity, the paper's statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis.claims import count_answers
from ensemble_switchover.analysis.collapse import LIMIT, MIN_RUNS
from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.analysis.decision_rule import describe_interval_scope
from ensemble_switchover.analysis.switchover.coverage import measure_coverage
from ensemble_switchover.analysis.switchover.range import range_switchover
from ensemble_switchover.machine.terminal import ABSENT, ShownTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.claims import Claim
    from ensemble_switchover.analysis.collapse_counts import CollapseCount
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.image_verdict import ImageVerdict
    from ensemble_switchover.analysis.switchover.sensitivity import Variant
    from ensemble_switchover.analysis.switchover.threshold import Threshold


def show_switchovers(findings: Sequence[Finding]) -> ShownTable:
    """List the switchover of every comparison and ensemble class, with its evidence."""
    over_images = any(finding.image_verdicts for finding in findings)
    metrics = {finding.rule.quality.by_name for finding in findings} - {""}
    rows = [
        (
            *(finding.comparison.label, name, *_answer(threshold)),
            *((_with_images(finding.image_verdicts.get(name)),) if over_images else ()),
            *_coverage(threshold),
        )
        for finding in findings
        for name, threshold in finding.thresholds.items()
    ]
    headers = (
        *("Comparison", "Class", "Switchover", "Epoch"),
        *(("Over seeds and images",) if over_images else ()),
        *("Budgets", "Seeds", "Cells"),
    )
    caption = (
        "Switchover: the smallest budget beyond it at the last epoch. Where cells are undecided or "
        "missing, the range starts at the smallest budget not ruled out; 'at most' means that no "
        "budget is ruled out. Epoch: the smallest epoch beyond it at that budget, out of all. "
        "Budgets: those compared, out of all. Cells: how many of the grid the ensemble wins, "
        "the single network wins, are undecided, and are missing. "
    )
    for by in sorted(metrics):
        caption += f"Designs are compared{by}. "
    caption += describe_interval_scope({f.comparison.setting.evaluated_on for f in findings})
    if over_images:
        caption += (
            " Over seeds and images: the switchover if intervals cover other images of the kind, "
            "too, from predictions that the runs kept."
        )
    return ShownTable(caption, headers, tuple(rows), 3, secondary=("Seeds", "Budgets"))


def show_sensitivity(finding: Finding) -> ShownTable:
    """Tabulate the switchover under other rules and margins."""
    rows = [
        (
            name,
            rule,
            *(
                _variant(v) if finding.thresholds[name].seed_counts else "nothing to compare"
                for v in variants
                if v.name == rule
            ),
        )
        for name, variants in finding.variants.items()
        for rule in dict.fromkeys(v.name for v in variants)
    ]
    margins = next(
        (dict.fromkeys(v.margin for v in variants) for variants in finding.variants.values()), {}
    )
    metric = finding.rule.quality
    unit = metric.unit
    headers = ("Class", "Rule", *(f"Margin {margin:g} {unit.suffix}" for margin in margins))
    caption = (
        f"The switchover{metric.by_name} in parameters (and epoch) if the whole interval of every "
        f"cell beyond it must show the ensemble better by more than a margin in "
        f"{unit.of_difference}. {finding.interval_scope}"
    )
    return ShownTable(caption, headers, tuple(rows), 2)


def show_collapsed(
    counts: Sequence[CollapseCount], findings: Sequence[Finding], rule: DecisionRule
) -> ShownTable:
    """List how many runs of single networks and of ensembles collapsed, and which."""
    names = sorted({name for finding in findings for name in finding.collapsed})
    rows = tuple(
        (
            f"{c.kind}s",
            f"{c.num_screened:,}",
            f"{c.num_collapsed}",
            f"{c.lower_percent:.2f} to {c.upper_percent:.2f}",
        )
        for c in counts
    )
    level = f"{100 * rule.confidence:g} %"
    headers = ("Trained", "Screened", "Collapsed", f"{level} interval of the share, %")
    plural = rule.quality.plural
    kept = "in every number" if rule.keep_collapsed else f"left out of the {plural}"
    told = "No run collapsed." if counts else "No cell has so many, so no run was screened."
    if names:
        told = f"Collapsed, and {kept}: {name_first_few(names)}."
    caption = (
        f"A run has collapsed if its error after the last epoch is more than {LIMIT:g} robust "
        "standard deviations above the median of its cell (design class and budget); cells with "
        f"fewer than {MIN_RUNS} runs are not screened. Intervals are exact (Clopper and Pearson). "
        f"{told}"
    )
    return ShownTable(caption, headers, rows, 1)


def show_claims(claims: Sequence[Claim], note: str = "") -> ShownTable:
    """List the statements that are asked, the paper's and ours, with the values measured here.

    Args:
        claims: The statements.
        note: A sentence that the caption ends with.
    """
    rows = tuple(
        (c.statement, c.source, c.scope, c.measured, c.answer.value, c.reason)
        for c in claims
        if c.is_asked
    )
    headers = (
        "Statement",
        "Source",
        "Checked on",
        "Measured here",
        "Answer",
        "Reason",
    )
    caption = (
        f"{count_answers(claims)} A statement holds if the whole interval lies within the stated "
        "range, does not hold if the whole interval lies outside it, and else is open: more runs "
        "can decide it. Intervals are over the seeds, given these images and this split."
    )
    if note:
        caption += f" {note}"
    return ShownTable(caption, headers, rows, len(headers))


def show_claims_not_asked(claims: Sequence[Claim]) -> ShownTable:
    """List the statements of which these records cannot speak, with the runs that could."""
    rows = tuple(
        (c.statement, c.source, c.scope, c.reason, c.runs_needed) for c in claims if not c.is_asked
    )
    headers = ("Statement", "Source", "Not asked of", "Reason", "To be run")
    caption = (
        "Statements of which these records cannot speak, however many seeds they had. To be run: "
        "what would let them be asked."
    )
    return ShownTable(caption, headers, rows, len(headers))


def tabulate_claims(claims: Sequence[Claim]) -> pl.DataFrame:
    """Tabulate all statements for programs, one row per check."""
    columns = ("statement", "source", "scope", "measured", "answer", "reason", "runs_needed")
    rows = [
        (c.statement, c.source, c.scope, c.measured, c.answer.value, c.reason, c.runs_needed)
        for c in claims
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _answer(threshold: Threshold) -> tuple[str, str]:
    where = str(range_switchover(threshold))
    if threshold.epoch is None:
        return where, ABSENT
    return where, f"{threshold.epoch} of {threshold.epochs[-1]}"


def _with_images(verdict: ImageVerdict | None) -> str:
    if verdict is None:
        return ABSENT
    if verdict.differs is None:
        return "not known"
    return f"differs: {verdict.range}" if verdict.differs else "the same"


def _coverage(threshold: Threshold) -> tuple[str, ...]:
    coverage = measure_coverage(threshold)
    seeds = f"{coverage.most_seeds}"
    if coverage.fewest_seeds < coverage.most_seeds:
        seeds = f"{coverage.fewest_seeds} to {coverage.most_seeds}"
    budgets = f"{coverage.num_compared} of {coverage.num_budgets}"
    return budgets, seeds, " / ".join(f"{number:,}" for number in coverage.num_cells.values())


def _variant(variant: Variant) -> str:
    if variant.budget is None:
        return "none"
    return f"{variant.budget:,} ({variant.epoch})"
