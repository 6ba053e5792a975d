"""Early exit in all comparisons of a study: one row for each budget and ensemble class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from ensemble_switchover.analysis.cascade.against_single import (
    AgainstSingle,
    Payment,
    compare_with_single,
)
from ensemble_switchover.analysis.cascade.inference_answers import (
    WHOLE,
    list_answers,
    summarise_answers,
)
from ensemble_switchover.analysis.decision_rule import describe_interval_scope
from ensemble_switchover.analysis.switchover.error_grid import ENSEMBLE_CLASSES
from ensemble_switchover.machine.terminal import ABSENT, ShownTable
from ensemble_switchover.measurement.cascade.exit_rules import CHEAP_POINTS
from ensemble_switchover.reporting.early_exit_table import (
    mean_and_interval,
    with_comparable_times,
)
from ensemble_switchover.results.latencies import LATENCY_BATCH_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.statistics import Interval

HEADERS = (
    *("Comparison", "Budget, parameters", "Class", "One network, error, %"),
    *("All members, error, %", "Cascade, error, %", "Members asked"),
    *("x one network, operations", "x one network, time", "Pays"),
)
_Key: TypeAlias = tuple[str, str, int]
"""Ensemble class, cost and budget in parameters."""
_OPERATIONS = "flops_per_image"
_TIMES = ("measured_ms_to_single", "ms_to_single")
"""Cost in time, as it was served, else predicted by the members asked."""


def show_early_exits(findings: Sequence[Finding]) -> ShownTable | None:
    """List what early exit by confidence makes of each ensemble, and whether it pays.

    Args:
        findings: All comparisons of a study.

    Returns:
        A table; None where no cascade is known.
    """
    known = [finding for finding in findings if not finding.cascades.table.is_empty()]
    rows = [row for finding in known for row in _rows(finding)]
    if not rows:
        return None
    confidence = f"{100 * known[0].rule.confidence:g} %"
    caption = (
        f"Means over the seeds, in brackets their {confidence} intervals. Cascade: members are "
        "asked until the largest mean probability is at least a threshold, the lowest from which "
        f"on the error stays within {CHEAP_POINTS:g} points of that of all members on the images "
        "that it was chosen on; its error is of others. Operations are exact. Time is per image "
        f"in batches of {LATENCY_BATCH_SIZE}, or else of the largest that were timed: as served, "
        "where cascades were timed in batches of one size, else that of the whole ensemble by the "
        "share of members asked. It pays if its cost lies below that of one network and its error "
        "too, both by their whole intervals; it does not if either lies above. "
    )
    caption += describe_interval_scope({f.comparison.setting.evaluated_on for f in known})
    return ShownTable(caption, HEADERS, tuple(rows), 3)


def _rows(finding: Finding) -> list[tuple[str, ...]]:
    runs, _ = with_comparable_times(finding.runs)
    answers = list_answers(runs, finding.cascades.table)
    are_alike = answers["measured_batch_size"].drop_nulls().n_unique() == 1
    times = _TIMES if are_alike else _TIMES[1:]
    compared: dict[_Key, AgainstSingle] = {
        (name, cost, each.budget_parameters): each
        for name in ENSEMBLE_CLASSES
        for cost in (_OPERATIONS, *times)
        for each in compare_with_single(answers, name, cost, rule=finding.rule)
    }
    summary = summarise_answers(answers, finding.rule.confidence).to_dicts()
    errors = {
        (row["budget_parameters"], row["design_class"], row["answered_by"]): row for row in summary
    }
    return [
        _row(finding, row, errors, compared)
        for row in summary
        if row["answered_by"] == "confidence"
    ]


def _row(
    finding: Finding,
    cascade: dict[str, Any],
    errors: dict[tuple[int, str, str], dict[str, Any]],
    compared: dict[_Key, AgainstSingle],
) -> tuple[str, ...]:
    budget, name = cascade["budget_parameters"], cascade["design_class"]
    operations = compared.get((name, _OPERATIONS, budget))
    timed = [compared[key] for cost in _TIMES if (key := (name, cost, budget)) in compared]
    time = timed[0] if timed else None
    shape = f"{cascade['budget_depth']}x{cascade['budget_width']}"
    return (
        finding.comparison.label,
        f"{budget:,} ({shape})",
        name,
        _error(errors.get((budget, "single", WHOLE))),
        _error(errors.get((budget, name, WHOLE))),
        _error(cascade),
        f"{mean_and_interval(cascade, 'mean_members', '.2f')} of {cascade['k']}",
        _cost(operations),
        _cost(time),
        _payment(operations, time),
    )


def _error(row: dict[str, Any] | None) -> str:
    return ABSENT if row is None else mean_and_interval(row, "error_percent", ".2f")


def _cost(each: AgainstSingle | None) -> str:
    if each is None:
        return ABSENT
    interval: Interval | None = each.cost_interval
    if interval is None:
        return f"{each.cost_ratio:.2f}"
    return f"{each.cost_ratio:.2f} ({interval.lower:.2f} to {interval.upper:.2f})"


def _payment(operations: AgainstSingle | None, time: AgainstSingle | None) -> str:
    """Say whether it pays in operations and in time, once where both say the same."""
    found = {"operations": operations, "time": time}
    said = {name: _said(each) for name, each in found.items() if each is not None}
    if not said:
        return ABSENT
    if len(said) == len(found) and len(set(said.values())) == 1:
        return said["time"]
    return ", ".join(f"in {name}: {answer}" for name, answer in said.items())


def _said(each: AgainstSingle) -> str:
    return {Payment.PAYS: "yes", Payment.DOES_NOT_PAY: "no"}.get(each.payment, "undecided")
