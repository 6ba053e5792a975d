"""The paper's statements on training time, inference time and memory (sections 5 and 6)."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis.claims.claim import (
    ABOUT_EQUAL,
    ABOUT_TWICE,
    NOTHING_BEYOND,
    Claim,
    ClaimAnswer,
    Statement,
    claim_ratio,
    leave_open,
    not_asked,
)
from ensemble_switchover.analysis.claims.missing_runs import find_missing_runs
from ensemble_switchover.analysis.condition_group import split_conditions
from ensemble_switchover.analysis.design_table import DEVICE_MEMORY, PROCESS_MEMORY
from ensemble_switchover.analysis.ratio import measure_own_ratio, measure_ratio
from ensemble_switchover.analysis.unlike_times import UNLIKE_TIMES, find_unlike_times
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.condition_group import ConditionGroup
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName

FASTER = (1.2, 5.0)
"""Claimed factor by which an ensemble reaches the single network's accuracy faster."""
LOWER = (0.0, math.nextafter(1.0, 0.0))
"""A ratio below 1."""


def check_epoch_time(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check that an epoch takes deq about twice as long as the single network, and weq as long."""
    twice = ensemble_class == "deq"
    statement = Statement(
        f"An epoch takes {ensemble_class} about {'twice ' if twice else ''}as long as the single "
        "network.",
        "section 5, Figure 6",
        finding.comparison.label,
    )
    missing = find_missing_runs(finding, ensemble_class)
    if missing:
        return not_asked(statement, *missing)
    group = _paper_group(finding, ensemble_class)
    if group is None:
        return _other_execution(statement)
    ratio = measure_ratio(
        group.runs, "epoch_seconds", ensemble_class, confidence=finding.rule.confidence
    )
    if ratio is None and ensemble_class in find_unlike_times(finding.runs):
        return _other_times(statement, ensemble_class)
    return claim_ratio(statement, ratio, ABOUT_TWICE if twice else ABOUT_EQUAL, group.label)


def check_time_to_accuracy(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check how much faster an ensemble reaches its single network's error beyond the threshold.

    The target is common to all seeds. Each run is paired with the single network of its seed, whose
    time is that to its own best epoch. Runs that never reach the target have no time. A mean
    without them favours the ensemble, so it decides only if the ensemble is too slow even then.
    """
    statement = Statement(
        f"Beyond the threshold {ensemble_class} reaches the single network's accuracy 1.2 to 5 "
        "times faster.",
        "section 5, Figure 5",
        finding.comparison.label,
    )
    missing = find_missing_runs(finding, ensemble_class)
    if missing:
        return not_asked(statement, *missing)
    group = _paper_group(finding, ensemble_class)
    if group is None:
        return _other_execution(statement)
    threshold = finding.thresholds[ensemble_class]
    if threshold.budget is None:
        return leave_open(statement, NOTHING_BEYOND)
    budgets = {budget for budget in threshold.budgets if budget >= threshold.budget}
    inverse = group.runs.with_columns(speed=1.0 / pl.col("time_to_common_target_seconds"))
    ratio = measure_ratio(inverse, "speed", ensemble_class, budgets, finding.rule.confidence)
    if ratio is None and ensemble_class in find_unlike_times(finding.runs):
        return _other_times(statement, ensemble_class)
    judged = claim_ratio(statement, ratio, FASTER, f"to the common target, {group.label}")
    asked = group.runs.drop_nulls("common_target_error_percent").filter(
        pl.col("design_class") == ensemble_class, pl.col("budget_parameters").is_in(budgets)
    )
    num_missing = asked["time_to_common_target_seconds"].null_count()
    too_slow = ratio is not None and ratio.interval is not None and ratio.interval.upper < FASTER[0]
    if not num_missing or too_slow:
        return judged
    reason = f"{num_missing} of {count(asked.height, 'run')} never reach it and are not in the mean"
    return replace(judged, answer=ClaimAnswer.OPEN, reason=reason, runs_needed="")


def check_inference_time(finding: Finding) -> Claim:
    """Check that width-equivalent ensembles predict about as fast as the single network.

    Inference is timed one member after another, however the members were trained.
    """
    statement = Statement(
        "weq predicts about as fast as the single network.",
        "section 5, Figure 7",
        finding.comparison.label,
    )
    missing = find_missing_runs(finding, "weq")
    if missing:
        return not_asked(statement, *missing)
    runs, where = timed_runs(finding, "weq")
    if runs.is_empty():
        reason = "no inference time was measured"
        return not_asked(statement, reason, "measurement.latency_batch_sizes=[1,32,128,1024]")
    ratio = measure_own_ratio(runs, "latency_to_single", "weq", finding.rule.confidence)
    if ratio is None:  # older records, in which the two were not timed alternately
        ratio = measure_ratio(
            runs, "latency_ms_per_image", "weq", confidence=finding.rule.confidence
        )
    return claim_ratio(statement, ratio, ABOUT_EQUAL, where)


def timed_runs(finding: Finding, ensemble_class: DesignClassName) -> tuple[pl.DataFrame, str]:
    """Return the runs whose inference times compare, of the largest such group, and which they are.

    Groups whose members were trained one after another come first, and those that have both the
    class and single networks. Without a measured time there are no rows.
    """
    timed = finding.runs.drop_nulls("latency_batch_size")
    if timed.is_empty():
        return timed, ""
    groups = split_conditions(timed)
    group = _most_compared([g for g in groups if _is_sequential(g)] or groups, ensemble_class)
    size = Counter(group.runs["latency_batch_size"].to_list()).most_common(1)[0][0]
    runs = group.runs.filter(pl.col("latency_batch_size") == size)
    trained = group.label if _is_sequential(group) else f"one by one; trained: {group.label}"
    return runs, f"batches of {size}, {trained}"


def check_memory(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check that training an ensemble needs less device memory than the single network.

    The paper speaks of the least memory that a GPU needs, mostly for parameters and intermediate
    results. So images that lie on the device are left out; the ratio with them is told beside.
    """
    statement = Statement(
        f"{ensemble_class} needs less memory to train than the single network.",
        "section 6, Figure 8",
        finding.comparison.label,
    )
    missing = find_missing_runs(finding, ensemble_class)
    if missing:
        return not_asked(statement, *missing)
    group = _paper_group(finding, ensemble_class)
    if group is None:
        return _other_execution(statement)
    runs = group.runs.filter(pl.col("memory_kind") == DEVICE_MEMORY)
    if runs.is_empty():
        reason = "no memory was measured"
        if PROCESS_MEMORY in group.runs["memory_kind"]:
            reason = "on a CPU only the memory of the whole process is measured"
        return not_asked(statement, reason, "device=cuda")
    confidence = finding.rule.confidence
    where = group.label
    with_images = measure_ratio(runs, "peak_device_bytes", ensemble_class, confidence=confidence)
    if with_images is None and ensemble_class in find_unlike_times(finding.runs):
        return _other_times(statement, ensemble_class)
    if with_images is not None and runs["resident_image_bytes"].max():
        where = f"without the images on the device; with them {with_images.mean:.2f}; {where}"
    return _claim_lower(statement, runs, ensemble_class, where, confidence)


def _claim_lower(
    statement: Statement,
    runs: pl.DataFrame,
    ensemble_class: DesignClassName,
    where: str,
    confidence: float,
) -> Claim:
    """Judge peak memory, which can be equal for all seeds: equal seeds decide too."""
    column = "peak_device_beside_images_bytes"
    ratio = measure_ratio(runs, column, ensemble_class, confidence=confidence)
    if ratio is None or ratio.interval is not None or ratio.num_seeds < 2:
        return claim_ratio(statement, ratio, LOWER, where)
    budgets = count(ratio.num_budgets, "budget")
    measured = f"{ratio.mean:.2f} times ({ratio.num_seeds} equal seeds, {budgets}, {where})"
    if ratio.mean < 1.0:
        return Claim(*statement, measured, ClaimAnswer.HOLDS, "all seeds need less")
    return Claim(*statement, measured, ClaimAnswer.DOES_NOT_HOLD, "all seeds need as much or more")


def _paper_group(finding: Finding, ensemble_class: DesignClassName) -> ConditionGroup | None:
    """Return the largest group of runs that were trained one member after another, as in the paper.

    Groups with both the ensemble class and single networks come first.
    """
    groups = [group for group in split_conditions(finding.runs) if _is_sequential(group)]
    return _most_compared(groups, ensemble_class) if groups else None


def _is_sequential(group: ConditionGroup) -> bool:
    return group.execution.partition(",")[0] == "sequential"


def _most_compared(
    groups: Sequence[ConditionGroup], ensemble_class: DesignClassName
) -> ConditionGroup:
    """Return the first group with both the class and single networks, or else the first group."""
    pair = {"single", ensemble_class}
    return next((g for g in groups if pair <= set(g.runs["design_class"])), groups[0])


def _other_times(statement: Statement, ensemble_class: DesignClassName) -> Claim:
    reason = f"no time of {ensemble_class} compares with that of the single network: {UNLIKE_TIMES}"
    return not_asked(statement, reason, "single networks and ensembles in one sweep")


def _other_execution(statement: Statement) -> Claim:
    reason = "the paper trains members one after another (execution=sequential); no run here does"
    return not_asked(statement, reason, "execution=sequential")
