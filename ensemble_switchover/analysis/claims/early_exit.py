"""What becomes of the paper's statement on inference time if ensembles stop early (section 5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.cascade.against_single import (
    MIN_COST_SEEDS,
    Payment,
    compare_with_single,
)
from ensemble_switchover.analysis.cascade.inference_answers import list_answers
from ensemble_switchover.analysis.claims.claim import (
    OF_EARLY_EXIT,
    Claim,
    ClaimAnswer,
    Statement,
    describe_interval,
    leave_open,
    not_asked,
)
from ensemble_switchover.analysis.claims.missing_runs import find_missing_runs
from ensemble_switchover.analysis.claims.resources import timed_runs
from ensemble_switchover.analysis.decision_rule import INTERVAL_NAMES
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.statistics import Interval, sample_mean, t_interval
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from ensemble_switchover.analysis.cascade.against_single import AgainstSingle
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName


def check_early_exit_operations(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check error and mean inference cost of cascades beside the single network, in operations."""
    statement = _statement(finding, ensemble_class, "in operations")
    return _check(finding, ensemble_class, statement, finding.runs, "flops_per_image", "")


def check_early_exit_time(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check error and mean inference cost of cascades beside the single network, in time.

    The time is that of the served cascade, where all of them were measured beside the single
    network at one batch size; else that of the whole ensemble, one member after another, by the
    share of the members that are asked. The single network was timed alternately.
    """
    statement = _statement(finding, ensemble_class, "in time")
    runs, where = timed_runs(finding, ensemble_class)
    if runs.drop_nulls("latency_to_single").is_empty():
        reason = "no inference time was measured beside that of the single network"
        return not_asked(statement, reason, "measurement.latency_batch_sizes=[1,32,128,1024]")
    size = _served_batch_size(finding, ensemble_class, runs)
    if size is not None:
        served = f", {where}; as served in batches of {size}"
        return _check(finding, ensemble_class, statement, runs, "measured_ms_to_single", served)
    predicted = f", {where}; predicted by the members asked"
    return _check(finding, ensemble_class, statement, runs, "ms_to_single", predicted)


def _served_batch_size(
    finding: Finding, ensemble_class: DesignClassName, runs: pl.DataFrame
) -> int | None:
    """Return the batch size at which all cascades were measured as served; None if not all were."""
    answers = list_answers(runs, finding.cascades.table)
    timed = answers.filter(design_class=ensemble_class, answered_by="confidence").drop_nulls(
        "ms_to_single"
    )
    sizes = timed["measured_batch_size"].unique().to_list()
    if len(sizes) != 1 or timed["measured_ms_to_single"].null_count():
        return None
    return None if sizes[0] is None else int(sizes[0])


def _statement(finding: Finding, ensemble_class: DesignClassName, in_what: str) -> Statement:
    return Statement(
        f"With early exit {ensemble_class} errs less than the single network, and its mean "
        f"inference costs less {in_what}.",
        f"section 5, Figure 7; {OF_EARLY_EXIT}",
        finding.comparison.label,
    )


def _check(
    finding: Finding,
    ensemble_class: DesignClassName,
    statement: Statement,
    runs: pl.DataFrame,
    cost: str,
    where: str,
) -> Claim:
    missing = find_missing_runs(finding, ensemble_class)
    if missing:
        return not_asked(statement, *missing)
    answers = list_answers(runs, finding.cascades.table)
    compared = compare_with_single(answers, ensemble_class, cost, rule=finding.rule)
    if not compared:
        reason = f"no predictions of {ensemble_class} were kept, so no cascade is known"
        return not_asked(statement, reason, "record.predictions=final")
    seeds = [_seeds_with_all(of) for of in zip(*map(_values, compared), strict=True)]
    pays = sum(each.payment is Payment.PAYS for each in compared)
    told = f"it pays at {pays} of {len(compared)}"
    if not all(seeds):
        return leave_open(statement, f"no seed has every budget; {told}")
    logarithms, errors, single_errors = (list(of.values()) for of in seeds)
    mean = math.exp(sample_mean(logarithms))
    ratio: Interval | float = mean
    interval = t_interval(logarithms, finding.rule.confidence)
    if interval is not None:
        lower, upper = math.exp(interval.lower), math.exp(interval.upper)
        ratio = Interval(mean, lower, upper, interval.confidence, interval.num_samples)
    difference = difference_interval(seeds[1], seeds[2], finding.rule)
    points = sample_mean(errors) - sample_mean(single_errors) if difference is None else difference
    method = INTERVAL_NAMES[finding.rule.method]
    measured = (
        f"{_write(ratio, '.2f', ' times', 't interval')}; "
        f"{_write(points, '+.2f', ' points of error', method)}; "
        f"{count(len(compared), 'budget')}{where}"
    )
    if len(logarithms) < MIN_COST_SEEDS:
        return leave_open(statement, f"one seed gives no interval; {told}", measured)
    answer, reason = _judge(ratio, points)
    return Claim(*statement, measured, answer, f"{reason}; {told}")


def _values(each: AgainstSingle) -> tuple[Mapping[int, float], ...]:
    """Return by seed the logarithm of the cost ratio, and the errors of both, at one budget."""
    logarithms = {seed: math.log(ratio) for seed, ratio in each.cost_ratios.items()}
    return logarithms, each.errors, each.single_errors


def _seeds_with_all(budgets: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Return the mean over the budgets, for every seed that has all of them."""
    seeds = set.intersection(*map(set, budgets))
    return {seed: sample_mean([of[seed] for of in budgets]) for seed in sorted(seeds)}


def _judge(ratio: Interval | float, points: Interval | float) -> tuple[ClaimAnswer, str]:
    """Judge both: the statement holds if the whole of both intervals says so."""
    lower, upper = (ratio, ratio) if isinstance(ratio, float) else (ratio.lower, ratio.upper)
    if lower >= 1.0:
        return ClaimAnswer.DOES_NOT_HOLD, "it costs as much or more"
    if isinstance(points, float):
        return ClaimAnswer.OPEN, "the seeds give no interval of the difference of errors"
    if points.lower > 0.0:
        return ClaimAnswer.DOES_NOT_HOLD, "it errs more"
    if upper < 1.0 and points.upper < 0.0:
        return ClaimAnswer.HOLDS, "both intervals lie below those of the single network"
    return ClaimAnswer.OPEN, "an interval lies on both sides"


def _write(value: Interval | float, form: str, unit: str, name: str) -> str:
    if isinstance(value, float):
        return f"{value:{form}}{unit}"
    return f"{describe_interval(value, form, unit, name)})"
