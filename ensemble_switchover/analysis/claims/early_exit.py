"""What becomes of the paper's statement on inference time if ensembles stop early (section 5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis.cascade.against_single import (
    Payment,
    by_seed,
    compare_with_single,
)
from ensemble_switchover.analysis.cascade.inference_answers import list_answers
from ensemble_switchover.analysis.claims.claim import (
    Claim,
    ClaimAnswer,
    Statement,
    describe_interval,
    not_asked,
)
from ensemble_switchover.analysis.claims.missing_runs import find_missing_runs
from ensemble_switchover.analysis.claims.resources import timed_runs
from ensemble_switchover.analysis.decision_rule import INTERVAL_NAMES
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.statistics import Interval, sample_mean, t_interval
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.cascade.against_single import AgainstSingle
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName

EXIT_RULE = "confidence"
"""The exit rule of the cascades that are compared."""


def check_early_exit_operations(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check error and mean inference cost of cascades beside the single network, in operations."""
    statement = _statement(finding, ensemble_class, "in operations")
    return _check(finding, ensemble_class, statement, finding.runs, "flops_per_image", "")


def check_early_exit_time(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check error and mean inference cost of cascades beside the single network, in time.

    The time is that of the whole ensemble, one member after another, by the share of the members
    that are asked; the single network was timed alternately.
    """
    statement = _statement(finding, ensemble_class, "in time")
    runs, where = timed_runs(finding, ensemble_class)
    if runs.drop_nulls("latency_to_single").is_empty():
        reason = "no inference time was measured beside that of the single network"
        return not_asked(statement, reason, "measurement.latency_batch_sizes=[1,32,128,1024]")
    return _check(finding, ensemble_class, statement, runs, "ms_to_single", f", {where}")


def _statement(finding: Finding, ensemble_class: DesignClassName, in_what: str) -> Statement:
    return Statement(
        f"With early exit {ensemble_class} errs less than the single network, and its mean "
        f"inference costs less {in_what}.",
        "section 5, Figure 7; early exit is not in the paper",
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
    ratio, points = _over_budgets(finding, ensemble_class, answers, compared, cost)
    method = INTERVAL_NAMES[finding.rule.method]
    pays = sum(each.payment is Payment.PAYS for each in compared)
    measured = (
        f"{_write(ratio, '.2f', ' times', 't interval')}; "
        f"{_write(points, '+.2f', ' points of error', method)}; "
        f"{count(len(compared), 'budget')}{where}"
    )
    answer, reason = _judge(ratio, points)
    return Claim(*statement, measured, answer, f"{reason}; it pays at {pays} of {len(compared)}")


def _over_budgets(
    finding: Finding,
    ensemble_class: DesignClassName,
    answers: pl.DataFrame,
    compared: Sequence[AgainstSingle],
    cost: str,
) -> tuple[Interval | float, Interval | float]:
    """Return cost ratio and difference of errors, averaged over the budgets of each seed.

    Seeds that lack a budget are left out, unless none has all.
    """
    kept = answers.filter(
        pl.col("budget_parameters").is_in([c.budget_parameters for c in compared])
    )
    parts = {
        "single": kept.filter(pl.col("design_class") == "single"),
        "cascade": kept.filter(
            pl.col("design_class") == ensemble_class, pl.col("answered_by") == EXIT_RULE
        ).drop_nulls(cost),
    }
    budgets = [rows for _, rows in parts["cascade"].group_by(_BUDGET, maintain_order=True)]
    singles = dict(parts["single"].group_by(_BUDGET, maintain_order=True))
    ratios, errors, single_errors = [], [], []
    for rows in budgets:
        single = singles[rows.select(_BUDGET).row(0)]
        unit = 1.0 if cost == "ms_to_single" else sample_mean(single[cost].to_list())
        ratios.append({seed: math.log(v / unit) for seed, v in by_seed(rows, cost).items()})
        errors.append(by_seed(rows, "error_percent"))
        single_errors.append(by_seed(single, "error_percent"))
    logarithms = list(_mean_of_each(ratios).values())
    mean = math.exp(sample_mean(logarithms))
    found = t_interval(logarithms, finding.rule.confidence)
    ratio: Interval | float = mean
    if found is not None:
        lower, upper = math.exp(found.lower), math.exp(found.upper)
        ratio = Interval(mean, lower, upper, found.confidence, found.num_samples)
    first, second = _mean_of_each(errors), _mean_of_each(single_errors)
    difference = difference_interval(first, second, finding.rule)
    points = sample_mean(list(first.values())) - sample_mean(list(second.values()))
    return ratio, points if difference is None else difference


_BUDGET = ("budget_parameters", "budget_depth", "budget_width")


def _mean_of_each(values: Sequence[dict[int, float]]) -> dict[int, float]:
    """Return each seed's mean over the budgets: of seeds that have all, or else of every seed."""
    seeds = set.intersection(*map(set, values)) or set.union(*map(set, values))
    return {seed: sample_mean([of[seed] for of in values if seed in of]) for seed in sorted(seeds)}


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
